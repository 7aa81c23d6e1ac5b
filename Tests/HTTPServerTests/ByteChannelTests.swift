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

  @Test func `whoever waits is woken once for many bytes`() throws {
    let channel = ByteChannel()
    let mailbox = try Mailbox()
    channel.attach(Waker(mailbox: mailbox, key: Exchange.Key(connection: 2, request: 1)))
    channel.send([1])
    #expect(mailbox.take().isEmpty)
    _ = pull(channel, 9)
    #expect(pull(channel, 9).0 == .wait)
    channel.send([])
    #expect(mailbox.take().isEmpty)
    channel.send([2])
    channel.send([3])
    #expect(mailbox.take().count == 1)
    #expect(pull(channel, 9).1 == [2, 3])
  }

  @Test func `the same bytes go to many channels, and each that waits is woken at its own server`() throws {
    let mailboxes = [try Mailbox(), try Mailbox()]
    let channels = (0..<5).map { _ in ByteChannel(limit: 4) }
    for (number, channel) in channels.enumerated() {
      channel.attach(
        Waker(mailbox: mailboxes[number % 2], key: Exchange.Key(connection: UInt64(number), request: 1)))
      if number != 4 { #expect(pull(channel, 9).0 == .wait) }
    }
    channels[1].finish()
    #expect(mailboxes[1].take().count == 1)
    channels[3].send([0])
    _ = mailboxes[1].take()
    ByteChannel.send([1, 2, 3, 4], to: channels)
    // The first server has two that wait; of the second's, one is finished and one too slow, which is told.
    #expect(mailboxes[0].take().count == 2)
    #expect(mailboxes[1].take().count == 1)
    #expect(channels.map { pull($0, 9).1 } == [[1, 2, 3, 4], [], [1, 2, 3, 4], [], [1, 2, 3, 4]])
    #expect(channels.map(\.isDropped) == [false, false, false, true, false])
  }

  @Test func `a piece longer than the limit goes to a client for whom nothing waits`() {
    let channel = ByteChannel(limit: 4)
    #expect(channel.send([1, 2, 3, 4, 5, 6]))
    #expect(!channel.send([7]))
    #expect(channel.isDropped)
  }

  @Test func `a few long pieces may wait, of which each counts as a quarter`() {
    let channel = ByteChannel(limit: 8, most: 30)
    for _ in 0..<2 { #expect(channel.send(Array(1...10))) }
    #expect(channel.send([1]))
    // Two long ones count as four bytes; with all their bytes there is room for nine more.
    #expect(channel.send(Array(1...9)))
    #expect(!channel.send([1]))
    #expect(channel.isDropped)
  }

  @Test func `what was taken of long pieces makes room`() {
    let channel = ByteChannel(limit: 8, most: 1000)
    for _ in 0..<4 { #expect(channel.send(Array(1...10))) }
    #expect(pull(channel, 10).1 == Array(1...10))
    #expect(channel.send(Array(1...10)))
    #expect(!channel.send([1]))
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
