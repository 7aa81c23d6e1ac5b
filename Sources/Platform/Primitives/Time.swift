import Glibc

/// Time as the program sees it: what the wall clock shows, and waiting. Given to everything that asks for
/// either, so that tests and the simulation advance it by hand.
package struct Time: Sendable {
  /// What the wall clock shows. It may jump either way.
  package var now: @Sendable () -> Timestamp
  /// Waits for real elapsed time, whatever the wall clock does. Throws `CancellationError`.
  package var sleep: @Sendable (Duration) async throws -> Void

  package init(
    now: @escaping @Sendable () -> Timestamp, sleep: @escaping @Sendable (Duration) async throws -> Void
  ) {
    self.now = now
    self.sleep = sleep
  }

  /// The machine's own.
  package static let system = Time(
    now: {
      var spec = timespec()
      clock_gettime(CLOCK_REALTIME, &spec)
      return Timestamp(microseconds: Int64(spec.tv_sec) * 1_000_000 + Int64(spec.tv_nsec) / 1000)
    },
    sleep: { try await Task.sleep(for: $0) })
}
