/// One request and its answer. Belongs to the loop's thread.
final class Exchange {
  /// Names an exchange to other threads. Never used twice, unlike descriptors and addresses.
  struct Key: Hashable, Sendable {
    let connection: UInt64
    /// Counts the requests of the connection.
    let request: UInt64
  }

  /// receiving → handling → answering → done; receiving → answering when it is refused or answered inline.
  enum Phase {
    /// The body is arriving. What exceeds the limit is dropped.
    case receiving(limit: Int)
    /// Refused by its head; the body that arrives is dropped and then this is answered.
    case refused(HTTPResponse)
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
  var phase: Phase
  private(set) var body: [UInt8] = []
  /// Where the body goes instead, if it may be long.
  var spool: BodyFile?
  private var received = 0
  /// When a stream last had bytes to send.
  var lastSent: ContinuousClock.Instant

  init(key: Key, head: Head, phase: Phase, now: ContinuousClock.Instant) {
    self.key = key
    self.head = head
    self.phase = phase
    lastSent = now
  }

  /// Whether its body is arriving in chunks, be it dropped or not.
  var isReceivingChunks: Bool {
    switch phase {
    case .receiving, .refused: head.headers.first("Transfer-Encoding") != nil
    default: false
    }
  }

  enum Taking { case kept, tooLong, noRoom }

  /// Keeps body bytes while the limit allows. A chunked body announces no length, so they are counted here.
  /// Once they exceed it none are kept.
  func take(_ bytes: UnsafeRawBufferPointer, limit: Int) -> Taking {
    received += bytes.count
    guard received <= limit else {
      body = []
      spool = nil
      return .tooLong
    }
    if let spool { return spool.append(bytes) ? .kept : .noRoom }
    if body.isEmpty {
      // An announced length is only a claim: memory follows the bytes.
      body.reserveCapacity(min(limit, Int(clamping: head.announcedLength ?? 0), 1 << 16))
    }
    body.append(contentsOf: bytes)
    return .kept
  }
}
