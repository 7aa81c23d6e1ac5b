package import Store

extension Sessions {
  /// The most events that are read for a follower at once.
  private static let pageSize = 500

  /// What happens in a session from now on, in the order it happens. An input shows twice: when it arrives,
  /// and when the agent takes it. Ends when the caller stops iterating.
  /// - Throws: `SessionError.notFound`.
  package func follow(_ id: String) async throws -> AsyncThrowingStream<Event, any Error> {
    let changes = signals.listen(to: id)
    var revision = try await database.read { [self] tx in try session(tx, id).revision }
    let (stream, follower) = AsyncThrowingStream.makeStream(
      of: Event.self, bufferingPolicy: .bufferingOldest(Sessions.pageSize))
    // The pump belongs to the stream: whoever drops the stream ends it.
    let pump = Task {
      do {
        for await _ in changes {
          while true {
            let after = revision
            let events = try await database.read { [self] tx in
              try self.changes(tx, id, after: after, limit: Sessions.pageSize)
            }
            for event in events {
              revision = event.revision
              if case .dropped = follower.yield(event) {
                throw FollowerTooSlow(session: id)
              }
            }
            if events.count < Sessions.pageSize { break }
          }
        }
        follower.finish()
      } catch {
        follower.finish(throwing: error)
      }
    }
    follower.onTermination = { _ in pump.cancel() }
    return stream
  }
}

/// A follower that does not keep up is dropped; it can list what it missed.
package struct FollowerTooSlow: Error, CustomStringConvertible {
  package let session: String

  package var description: String {
    "The stream of session \(session) was read too slowly. Open it again and list the events."
  }
}
