import Glibc

/// One request and its answer. Belongs to the loop's thread.
final class Exchange {
  /// Names an exchange to other threads. Never used twice, unlike descriptors and addresses.
  struct Key: Hashable, Sendable {
    let connection: UInt64
    /// Counts the requests of the connection.
    let request: UInt64
  }

  /// asking → receiving → waiting → handling → answering → done; the answer may come at any of the earlier steps.
  enum Phase {
    /// A task decides by the head; the connection is suspended and nothing of the body is taken.
    case asking
    /// The body is arriving.
    case receiving(limit: Int)
    /// Refused by its head, and without a body.
    case refused(HTTPResponse)
    /// Answered while the body was arriving: what comes of it is dropped until the connection ends.
    case turnedAway
    /// The body is complete on the disk, and there is no room in memory yet; the connection is suspended.
    case waiting
    /// A task works on it; the connection is suspended until it has answered.
    case handling
    /// The task has answered; the library will ask for it.
    case answered(HTTPResponse)
    /// The answer is with the library.
    case answering
    /// The answer is with the library, which takes it from the channel.
    case streaming(ByteChannel)
  }

  let key: Key
  let head: Head
  /// The client's address: behind a proxy, the one that it speaks for.
  let client: String
  var phase: Phase
  /// What it holds of the room for bodies.
  var held = BodyBudget.Held(standing: .stranger)
  /// Under which it counts among the requests of its address, behind a proxy.
  var address: AddressBlock?
  /// Whether a task decided about its head. The library is past the place then at which it takes an answer.
  var wasAsked = false
  /// The library will call about the head once more, as about the end of a body.
  var isCalledTwice = false
  /// Whether its connection is one of the reserve, and must end with it.
  var isFromReserve = false
  private(set) var body: [UInt8] = []
  /// Where the body goes instead, if it may be long.
  var spool: BodyFile?
  /// Whether the handler takes the body as a file.
  var wantsFile = false
  /// Bytes of the body that came.
  private(set) var received = 0
  /// When the body began to arrive.
  let began: ContinuousClock.Instant
  /// When a stream last had bytes to send.
  var lastSent: ContinuousClock.Instant

  init(key: Key, head: Head, client: String, now: ContinuousClock.Instant) {
    self.key = key
    self.head = head
    self.client = client
    phase = .asking
    began = now
    lastSent = now
  }

  /// Whether its body is arriving in chunks, be it dropped or not.
  var isReceivingChunks: Bool {
    switch phase {
    case .receiving, .turnedAway: head.headers.first("Transfer-Encoding") != nil
    default: false
    }
  }

  enum Taking { case kept, tooLong, noRoom, diskFailed(Int32) }

  /// Keeps body bytes while the limit and the room for bodies allow. A chunked body announces no length, so they are
  /// counted here; memory follows what came, never what was announced.
  /// - Parameter directory: where a long body goes.
  func take(
    _ bytes: UnsafeRawBufferPointer, limit: Int, _ budget: inout BodyBudget, directory: String?
  ) -> Taking {
    received += bytes.count
    guard received <= limit else { return .tooLong }
    if spool == nil, let directory, received > budget.limits.piece, held.standing != .stranger {
      if let failed = moveToDisk(directory, &budget) { return failed }
    }
    if let spool {
      guard budget.takeDisk(bytes.count, for: &held) else { return .noRoom }
      return spool.append(bytes) ? .kept : .diskFailed(errno)
    }
    guard budget.takeMemory(bytes.count, for: &held) else { return .noRoom }
    body.append(contentsOf: bytes)
    return .kept
  }

  /// The bytes for which there was no room are offered again.
  func takeAgain(_ bytes: UnsafeRawBufferPointer) { received -= bytes.count }

  /// Nil when it went well.
  private func moveToDisk(_ directory: String, _ budget: inout BodyBudget) -> Taking? {
    guard let file = BodyFile(in: directory) else { return .diskFailed(errno) }
    guard budget.takeDisk(body.count, for: &held) else { return .noRoom }
    guard body.withUnsafeBytes({ file.append($0) }) else { return .diskFailed(errno) }
    budget.giveMemory(of: &held)
    body = []
    spool = file
    return nil
  }

  /// What it took of the body is not needed any more.
  func drop(_ budget: inout BodyBudget) {
    budget.give(&held)
    body = []
    spool = nil
  }
}
