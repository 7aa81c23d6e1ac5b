import Primitives

/// Wakes the timer before its time: a schedule was added or changed.
final class Bell: Sendable {
  private let rings: AsyncStream<Void>
  private let ringer: AsyncStream<Void>.Continuation

  init() {
    (rings, ringer) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func ring() {
    ringer.yield()
  }

  /// Returns after the time, or at the next ring. Throws `CancellationError`.
  func wait(_ duration: Duration, _ time: Time) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await time.sleep(duration) }
      group.addTask { [rings] in for await _ in rings { return } }
      try await group.next()
      group.cancelAll()
    }
    try Task.checkCancellation()
  }
}
