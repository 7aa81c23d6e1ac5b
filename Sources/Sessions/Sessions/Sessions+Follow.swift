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
  /// What happens in a session after a revision of its row, in the order it happens. An input that waits shows
  /// twice: when it arrives, and when the agent takes it. Nothing that is committed from this call on is missed.
  /// - Parameter previewing: whether glimpses of what is being said are wanted.
  package func follow(_ id: String, after revision: Int64, previewing: Bool = false) -> Following {
    let (changes, previews) = signals.listen(to: id, previewing: previewing)
    return Following(
      sessions: self, id: id, revision: revision, changes: changes, previews: previews)
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

/// The events of a session as they come, as many at a time as have come. Read when asked for, so that a follower
/// who takes his time costs no memory. Ends with `session.status_terminated` or `session.deleted`, or when its task
/// is cancelled.
package struct Following: AsyncSequence, Sendable {
  package typealias Element = [Followed]

  /// The most events that are read at once.
  private static let pageSize = 500

  let sessions: Sessions
  let id: String
  let revision: Int64
  let changes: AsyncStream<Void>
  let previews: @Sendable () -> [Preview]

  package struct Iterator: AsyncIteratorProtocol {
    let sessions: Sessions
    let id: String
    let previews: @Sendable () -> [Preview]
    var revision: Int64
    var changes: AsyncStream<Void>.Iterator
    /// Glimpses that wait for the next read: what was committed before they were said comes before them.
    var pending: [Preview] = []
    var isOver = false

    /// Never empty.
    package mutating func next() async throws -> [Followed]? {
      while true {
        if isOver { return nil }
        let (sessions, id, after) = (sessions, id, revision)
        let read = try await sessions.database.read { tx in
          try sessions.changes(tx, id, after: after, limit: Following.pageSize)
        }
        guard let read else {
          isOver = true
          return [.event(deletion)]
        }
        if let last = read.last { revision = last.revision }
        isOver = read.contains { $0.type == .statusTerminated }
        let page = arranged(read)
        if !page.isEmpty { return page }
        if pending.isEmpty, await changes.next(isolation: #isolation) == nil { return nil }
      }
    }

    /// Puts glimpses in front of the events they belong to. Those of an event that was read are all said by
    /// now.
    private mutating func arranged(_ read: [Event]) -> [Followed] {
      let said = previews()
      if pending.isEmpty, said.isEmpty { return read.map { .event($0) } }
      var page: [Followed] = []
      let arrived = Set(read.map(\.id))
      for event in read {
        page += (pending + said).filter { $0.event == event.id }.map { .preview($0) }
        page.append(.event(event))
      }
      page += pending.filter { !arrived.contains($0.event) }.map { .preview($0) }
      pending = said.filter { !arrived.contains($0.event) }
      return page
    }

    private var deletion: Event {
      let now = sessions.time.now()
      return Event(
        id: ID.make("sevt", at: now, sessions.randomness), type: .deleted, body: [:], hidden: nil,
        position: nil, arrival: nil, revision: .max, processedAt: now)
    }
  }

  package func makeAsyncIterator() -> Iterator {
    Iterator(
      sessions: sessions, id: id, previews: previews, revision: revision, changes: changes.makeAsyncIterator()
    )
  }
}
