import Glibc

/// Time as the program sees it: what the wall clock shows, and waiting. Given to everything that asks for
/// either, so that tests and the simulation advance it by hand.
package struct Time: Sendable {
  /// What the wall clock shows. It may jump either way.
  package var now: @Sendable () -> Timestamp
  /// Waits for real elapsed time, whatever the wall clock does. Throws `CancellationError`.
  package var sleep: @Sendable (Duration) async throws -> Void
  /// How long the machine has been running, whatever the wall clock does. All processes of one boot read the same.
  package var elapsed: @Sendable () -> Duration
  /// The boot that `elapsed` counts from: readings of different boots cannot be compared.
  package var boot: String

  /// - Parameter elapsed: nil follows `now`.
  package init(
    now: @escaping @Sendable () -> Timestamp, sleep: @escaping @Sendable (Duration) async throws -> Void,
    elapsed: (@Sendable () -> Duration)? = nil, boot: String = "boot"
  ) {
    self.now = now
    self.sleep = sleep
    self.elapsed = elapsed ?? { .microseconds(now().microseconds) }
    self.boot = boot
  }

  /// Both clocks at once.
  package func moment() -> Moment { Moment(now: now(), elapsed: elapsed(), boot: boot) }

  /// The machine's own.
  package static let system = Time(
    now: {
      var spec = timespec()
      clock_gettime(CLOCK_REALTIME, &spec)
      return Timestamp(microseconds: Int64(spec.tv_sec) * 1_000_000 + Int64(spec.tv_nsec) / 1000)
    },
    sleep: { try await Task.sleep(for: $0) },
    // Not CLOCK_BOOTTIME: while the machine sleeps, nothing works, so no running time is used up.
    elapsed: {
      var spec = timespec()
      clock_gettime(CLOCK_MONOTONIC, &spec)
      return .microseconds(Int64(spec.tv_sec) * 1_000_000 + Int64(spec.tv_nsec) / 1000)
    }, boot: Time.currentBoot)

  /// The kernel's random id of this boot; empty where it tells none.
  private static let currentBoot: String = {
    let file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(file, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, count)).prefix { $0 != 0x0A }, as: UTF8.self)
  }()
}

/// A moment by both clocks: by the one that tells when it was, and by the one that tells how long something took.
package struct Moment: Sendable, Hashable {
  /// What the wall clock shows.
  package var now: Timestamp
  /// How long the machine has been running.
  package var elapsed: Duration
  /// The boot that `elapsed` counts from.
  package var boot: String

  package init(now: Timestamp, elapsed: Duration, boot: String) {
    self.now = now
    self.elapsed = elapsed
    self.boot = boot
  }
}
