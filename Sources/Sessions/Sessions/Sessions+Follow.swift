import Store

extension Sessions {
  /// What happens in a session from now on, in the order it happens. An input shows twice: when it arrives,
  /// and when the agent takes it.
  /// - Throws: `SessionError.notFound`.
  package func follow(_ id: String) async throws -> Following {
    let changes = signals.listen(to: id)
    let revision = try await database.read { [self] tx in try session(tx, id).revision }
    return Following(sessions: self, id: id, revision: revision, changes: changes)
  }
}

/// The events of a session as they come. Read when asked for, so a slow reader costs no memory. Ends when its
/// task is cancelled.
package struct Following: AsyncSequence, Sendable {
  /// The most events that are read at once.
  private static let pageSize = 500

  let sessions: Sessions
  let id: String
  let revision: Int64
  let changes: AsyncStream<Void>

  package struct Iterator: AsyncIteratorProtocol {
    let sessions: Sessions
    let id: String
    var revision: Int64
    var changes: AsyncStream<Void>.Iterator
    var page: ArraySlice<Event> = []

    package mutating func next() async throws -> Event? {
      while true {
        if let event = page.popFirst() { return event }
        let (sessions, id, after) = (sessions, id, revision)
        page = try await sessions.database.read { tx in
          try sessions.changes(tx, id, after: after, limit: Following.pageSize)[...]
        }
        if let last = page.last {
          revision = last.revision
        } else if await changes.next(isolation: #isolation) == nil {
          return nil
        }
      }
    }
  }

  package func makeAsyncIterator() -> Iterator {
    Iterator(sessions: sessions, id: id, revision: revision, changes: changes.makeAsyncIterator())
  }
}
