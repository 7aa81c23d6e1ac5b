import Testing

@testable import HTTPServer

@Suite struct ByteChannelTests {
  private func pull(_ channel: ByteChannel, _ size: Int) -> (ByteChannel.Pull, [UInt8]) {
    var buffer = [UInt8](repeating: 0, count: size)
    let outcome = buffer.withUnsafeMutableBytes { channel.pull(into: $0) }
    guard case .bytes(let count) = outcome else { return (outcome, []) }
    return (outcome, Array(buffer.prefix(count)))
  }

  @Test(arguments: [1, 2, 3, 7, 100])
  func `pieces come out in their order whatever the size of the buffer`(size: Int) {
    var queue = ByteQueue()
    var expected: [UInt8] = []
    var taken: [UInt8] = []
    for number in 0..<300 {
      let piece = [UInt8](repeating: UInt8(number % 251), count: number % 5)
      queue.append(piece)
      expected += piece
      var buffer = [UInt8](repeating: 0, count: size)
      if number.isMultiple(of: 3) {
        let count = buffer.withUnsafeMutableBytes { queue.take(into: $0) }
        taken += buffer.prefix(count)
      }
      #expect(queue.count == expected.count - taken.count)
    }
    while !queue.isEmpty {
      var buffer = [UInt8](repeating: 0, count: size)
      let count = buffer.withUnsafeMutableBytes { queue.take(into: $0) }
      taken += buffer.prefix(count)
    }
    #expect(taken == expected)
  }

  @Test func `a channel takes what its limit allows and is dropped beyond it`() async {
    let channel = ByteChannel(limit: 4)
    #expect(channel.send([1, 2]))
    #expect(channel.send([3, 4]))
    #expect(pull(channel, 2).1 == [1, 2])
    #expect(channel.send([5, 6]))
    #expect(!channel.send([7]))
    #expect(channel.isDropped)
    #expect(pull(channel, 9).0 == .broken)
    await channel.closed()
  }

  @Test func `a finished channel gives what it has and then ends`() {
    let channel = ByteChannel()
    channel.send([1, 2])
    channel.finish()
    #expect(!channel.isOpen)
    #expect(!channel.send([3]))
    #expect(pull(channel, 9).1 == [1, 2])
    #expect(pull(channel, 9).0 == .end)
  }

  @Test func `whoever waits is woken once for many bytes`() {
    let channel = ByteChannel()
    let woken = Record()
    channel.attach { woken.add("woken") }
    channel.send([1])
    #expect(woken.lines == [])
    _ = pull(channel, 9)
    #expect(pull(channel, 9).0 == .wait)
    channel.send([])
    #expect(woken.lines == [])
    channel.send([2])
    channel.send([3])
    #expect(woken.lines == ["woken"])
    #expect(pull(channel, 9).1 == [2, 3])
  }

  @Test func `a heartbeat is sent only when nothing waits`() {
    let channel = ByteChannel()
    channel.beat()
    channel.beat()
    #expect(pull(channel, 99).1 == Array(": keep-alive\n\n".utf8))
    #expect(pull(channel, 99).0 == .wait)
  }

  @Test func `the close is told once, also to those who ask late`() async {
    let channel = ByteChannel()
    let told = Record()
    channel.onClose { told.add("early") }
    async let waiting: Void = channel.closed()
    channel.abandon()
    channel.finish()
    channel.abandon()
    await waiting
    channel.onClose { told.add("late") }
    #expect(told.lines == ["early", "late"])
    #expect(pull(channel, 1).0 == .broken)
  }

  @Test func `waiting for the close ends with the task that waits`() async {
    let channel = ByteChannel()
    let waiting = Task { await channel.closed() }
    waiting.cancel()
    await waiting.value
    #expect(channel.isOpen)
  }
}
