import JSON

/// The latest changes of a session that is followed here: read once, encoded once, shown to all who follow.
struct Tail: Sendable {
  /// The most events that are kept, and the most bytes of them.
  static let eventLimit = 512
  static let byteLimit = 1 << 20

  /// A read under way.
  struct Flight: Sendable {
    let number: Int
    let task: Task<[Event]?, any Error>
  }

  enum Step: Sendable {
    /// The tail does not reach back so far.
    case alone
    case known([Event])
    case reading(Flight, isOwn: Bool)
  }

  /// The revisions after which, and up to which, everything is here.
  private var start: Int64
  private var end: Int64
  private var events: [Event] = []
  private var bytes = 0
  private var flight: Flight?
  private var flights = 0

  init(from revision: Int64) {
    start = revision
    end = revision
  }

  func known(after revision: Int64) -> [Event] {
    guard revision >= start, revision < end else { return [] }
    return Array(events.drop { $0.revision <= revision })
  }

  mutating func step(
    after revision: Int64, _ read: @escaping @Sendable (_ after: Int64) async throws -> [Event]?
  ) -> Step {
    if revision < start { return .alone }
    let known = known(after: revision)
    if !known.isEmpty { return .known(known) }
    if let flight { return .reading(flight, isOwn: false) }
    flights += 1
    let end = end
    let task = Task { try await read(end)?.map(\.encodedOnce) }
    let begun = Flight(number: flights, task: task)
    flight = begun
    return .reading(begun, isOwn: true)
  }

  /// Takes what a read brought; only the first of those who waited for it changes anything.
  mutating func land(_ landed: Flight, _ read: [Event]?) {
    guard flight?.number == landed.number else { return }
    flight = nil
    for event in read ?? [] where event.revision > end {
      events.append(event)
      bytes += event.encoded.bytes?.count ?? 0
      end = event.revision
    }
    var dropped = 0
    while events.count - dropped > Tail.eventLimit || bytes > Tail.byteLimit, dropped < events.count {
      bytes -= events[dropped].encoded.bytes?.count ?? 0
      start = events[dropped].revision
      dropped += 1
    }
    events.removeFirst(dropped)
  }
}

extension Event {
  /// The same, with the bytes of its JSON.
  fileprivate var encodedOnce: Event {
    var event = self
    event.encoded.bytes = json.bytes
    return event
  }
}
