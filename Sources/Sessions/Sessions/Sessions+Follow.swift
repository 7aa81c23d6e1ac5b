import JSON
import Primitives
import Store

/// What a follower of a session sees.
package enum Followed: Sendable, Equatable {
  case event(Event)
  case preview(Preview)

  package var event: Event? {
    if case .event(let event) = self { event } else { nil }
  }
}

extension Sessions {
  /// What happens in a session from now on, in the order it happens. An input that waits shows twice: when it
  /// arrives, and when the agent takes it.
  /// - Parameter previewing: the types of events of which glimpses are wanted.
  /// - Throws: `SessionError.notFound`.
  package func follow(_ id: String, previewing: [EventType] = []) async throws -> Following {
    let (changes, previews) = signals.listen(to: id, previewing: !previewing.isEmpty)
    let revision = try await database.read { [self] tx in try session(tx, id).revision }
    return Following(
      sessions: self, id: id, revision: revision, previewing: previewing, changes: changes, previews: previews
    )
  }

  /// What changed after a revision; nil when the session is gone.
  fileprivate func changes(
    _ tx: Transaction, _ id: String, after revision: Int64, limit: Int
  ) throws -> [Event]? {
    let changes = try tx.rows(
      "SELECT * FROM events WHERE session_id = $1 AND revision > $2 ORDER BY revision LIMIT $3", id, revision,
      limit
    ).map(Event.init)
    if !changes.isEmpty { return changes }
    return try tx.row("SELECT 1 AS found FROM sessions WHERE id = $1", id) == nil ? nil : []
  }
}

/// The events of a session as they come. Read when asked for, so a slow reader costs no memory. Ends with
/// `session.deleted`, or when its task is cancelled.
package struct Following: AsyncSequence, Sendable {
  package typealias Element = Followed

  /// The most events that are read at once.
  private static let pageSize = 500

  let sessions: Sessions
  let id: String
  let revision: Int64
  let previewing: [EventType]
  let changes: AsyncStream<Void>
  let previews: @Sendable () -> [Preview]

  package struct Iterator: AsyncIteratorProtocol {
    let sessions: Sessions
    let id: String
    let previewing: [EventType]
    let previews: @Sendable () -> [Preview]
    var revision: Int64
    var changes: AsyncStream<Void>.Iterator
    /// What was read and not yet shown.
    var queue: ArraySlice<Followed> = []
    /// Glimpses that wait for the next read: what was committed before they were said comes before them.
    var pending: [Preview] = []
    /// Ids of the events whose start was shown and which have not come.
    var announced: Set<String> = []
    var isOver = false

    package mutating func next() async throws -> Followed? {
      while true {
        while let followed = queue.popFirst() {
          if shows(followed) { return followed }
        }
        if isOver { return nil }
        let (sessions, id, after) = (sessions, id, revision)
        let read = try await sessions.signals.changes(of: id, after: after) { after in
          try await sessions.database.read { tx in
            try sessions.changes(tx, id, after: after, limit: Following.pageSize)
          }
        }
        guard let read else {
          isOver = true
          return .event(deletion)
        }
        if let last = read.last { revision = last.revision }
        arrange(read)
        if queue.isEmpty, pending.isEmpty, await changes.next(isolation: #isolation) == nil { return nil }
      }
    }

    /// Puts glimpses in front of the events they belong to. Those of an event that was read are all said by
    /// now.
    private mutating func arrange(_ read: [Event]) {
      let said = previewing.isEmpty ? [] : previews()
      let arrived = Set(read.map(\.id))
      for event in read {
        queue += (pending + said).filter { $0.event == event.id }.map { .preview($0) }
        queue.append(.event(event))
      }
      queue += pending.filter { !arrived.contains($0.event) }.map { .preview($0) }
      pending = said.filter { !arrived.contains($0.event) }
    }

    /// Each event's start is shown once, only for the wanted types, and text only after its start.
    private mutating func shows(_ followed: Followed) -> Bool {
      switch followed {
      case .event(let event):
        announced.remove(event.id)
        return true
      case .preview(.start(let type, let id)):
        return previewing.contains(type) && announced.insert(id).inserted
      case .preview(.text(_, _, let id)):
        return announced.contains(id)
      }
    }

    private var deletion: Event {
      let now = sessions.time.now()
      return Event(
        id: ID.make("sevt", at: now, sessions.randomness), type: .deleted, body: [:], hidden: nil,
        position: nil, arrival: nil, revision: revision, processedAt: now)
    }
  }

  package func makeAsyncIterator() -> Iterator {
    Iterator(
      sessions: sessions, id: id, previewing: previewing, previews: previews, revision: revision,
      changes: changes.makeAsyncIterator())
  }
}
