import CLinux
import Glibc
import Primitives

/// The one thread that starts processes. It lives as long as we do, because the kernel's parent-death
/// signal is sent when the *thread* that started a process ends. It waits for none of them: a second thread watches
/// that each comes to its program in time.
final class Launcher: Sendable {
  static let shared = Launcher()

  let health = LaunchRecord()
  private let queue = Gate<[Start]>([])
  private let pending = Gate<[ObjectIdentifier: Start]>([:])

  /// Between two looks at the starts that are under way.
  private static let pause: useconds_t = 50_000

  private init() {
    Thread("launcher") {
      linux_block_signals()
      while true { self.queue.wait { $0.isEmpty ? nil : $0.removeFirst() }.begin() }
    }.detach()
    Thread("launches") {
      linux_block_signals()
      while true {
        let starts = self.pending.wait { $0.isEmpty ? nil : Array($0.values) }
        let now = ContinuousClock.now
        for start in starts { self.look(at: start, now) }
        usleep(Self.pause)
      }
    }.detach()
  }

  func start(_ launch: Launch) async throws -> Child {
    let start = Start(launch) { [pending] start in
      pending.update { _ = $0.removeValue(forKey: ObjectIdentifier(start)) }
    }
    pending.update { $0[ObjectIdentifier(start)] = start }
    queue.update { $0.append(start) }
    return try await start.value()
  }

  private func look(at start: Start, _ now: ContinuousClock.Instant) {
    let age = now - start.asked
    if age < .microseconds(Int64(Self.pause)) { return }
    // As long as the thread has not come to it, nobody halts it; that thread is judged as a whole.
    if start.isWaiting { return }
    guard age >= start.launch.startLimit else { return start.goOn() }
    if start.giveUp(ProcessError.halted(after: start.launch.startLimit)) { health.wasHalted(at: now) }
  }

  /// How long the oldest start waits for the launching thread.
  fileprivate func wait(at now: ContinuousClock.Instant) -> Duration {
    pending.update { $0.values }.filter(\.isWaiting).map { now - $0.asked }.max() ?? .zero
  }
}

/// Whether programs can be started.
package struct LaunchHealth: Sendable, Equatable {
  /// Why nothing can be started, in a sentence; nil when all is well.
  package var fault: String?
  /// What the operator should know although everything works: sandboxes whose agents halted what entered them.
  package var notice: String?

  /// Never blocks for long.
  package static func now() -> LaunchHealth {
    let now = ContinuousClock.now
    return Launcher.shared.health.judge(wait: Launcher.shared.wait(at: now), at: now)
  }
}

/// What went wrong with starts, for `LaunchHealth`.
final class LaunchRecord: Sendable {
  typealias Instant = ContinuousClock.Instant
  /// The longest that a start may wait for the launching thread, and a killed process may take to end.
  static let patience = Duration.seconds(10)
  /// How long a halted start is told of.
  static let memory = Duration.seconds(600)
  private static let most = 1000

  private struct State {
    /// Killed, and not gone yet.
    var remaining: [Int32: Instant] = [:]
    var halted: [Instant] = []
  }
  private let state = Lock(State())

  func remains(_ pid: Int32, at now: Instant = .now) {
    state.withLock { if $0.remaining[pid] == nil { $0.remaining[pid] = now } }
  }

  func isGone(_ pid: Int32) {
    state.withLock { _ = $0.remaining.removeValue(forKey: pid) }
  }

  func wasHalted(at now: Instant) {
    state.withLock { state in
      state.halted.append(now)
      if state.halted.count > Self.most { state.halted.removeFirst() }
    }
  }

  /// - Parameter wait: how long the oldest start waits for the launching thread.
  func judge(wait: Duration, at now: Instant) -> LaunchHealth {
    let (stuck, halted) = state.withLock { state in
      state.halted.removeAll { now - $0 > Self.memory }
      return (
        state.remaining.filter { now - $0.value > Self.patience }.keys.sorted(), state.halted.count
      )
    }
    var health = LaunchHealth()
    if wait > Self.patience {
      health.fault =
        "No program was started for \(wait.components.seconds) s, so no sandbox and no command is: the thread that "
        + "starts them is held up by the system. Look at the load and the disks of this machine, or restart Errand."
    } else if !stuck.isEmpty {
      let names = stuck.prefix(5).map { "\($0)" }.joined(separator: ", ")
      health.fault =
        "\(stuck.count) killed processes do not end (\(names)): the system holds them, as a disk or a network file "
        + "system that does not answer does. Look at what they wait for: /proc/PID/wchan and the kernel's log."
    }
    if halted > 0 {
      health.notice =
        "\(halted) programs were not started in time in the last 10 minutes. Sandboxes in which an agent halts what "
        + "enters them are made anew; if there are no such, this machine is overloaded."
    }
    return health
  }
}
