import CLinux
import Glibc
import Primitives

/// How a process ended.
package enum Exit: Sendable, Equatable {
  case code(Int32)
  case signal(Int32)

  /// As a shell counts: 128 and the signal's number.
  package var shellCode: Int32 {
    switch self {
    case .code(let code): code
    case .signal(let signal): 128 + signal
    }
  }
}

/// A process that we started. It is waited for without blocking anybody, and reaped even when nobody asks.
package final class Child: Sendable {
  package let pid: Int32
  private let pidfd: Descriptor
  private let endsGroup: Bool
  private let exit = Latch<Exit>()
  private let isReaped = Lock(false)

  /// - Throws: `ProcessError`, and `CancellationError` when the task is cancelled before the program runs.
  package static func start(_ launch: Launch) async throws -> Child {
    try await Launcher.shared.start(launch)
  }

  /// Takes over a process that runs its program.
  init(watching process: StartedProcess, endsGroup: Bool) throws {
    pid = process.pid
    pidfd = process.pidfd
    self.endsGroup = endsGroup
    do {
      _ = try Readiness.shared.watch(pidfd, .readable) { self.reap() }
    } catch {
      signal(SIGKILL)
      throw error
    }
  }

  /// Nil while it runs.
  package var exited: Exit? { exit.value }

  /// Throws `CancellationError`; the process runs on then.
  package func wait() async throws -> Exit { try await exit.wait() }

  /// Nil when the time ran out first.
  package func wait(atMost limit: Duration) async throws -> Exit? { try await exit.wait(atMost: limit) }

  /// Sends a signal to the whole process group. Does nothing once the process has ended, because its number
  /// may belong to another by then.
  package func signal(_ signal: Int32) {
    isReaped.withLock { if !$0 { kill(-pid, signal) } }
  }

  /// How long a killed process is waited for. It is gone at once, unless the kernel waits for a disk in its name.
  private static let longestDeath = Duration.seconds(60)

  /// Asks the process group to end, kills it after `grace`, and returns when the process is gone, or does not go.
  /// Not cut short by cancellation: it is how cancelled work cleans up.
  @discardableResult
  package func end(grace: Duration) async -> Exit {
    // A task of its own, because the current one may be cancelled already and its waits would not wait.
    let ending = Task {
      if grace > .zero {
        self.signal(SIGTERM)
        if let exit = try await self.exit.wait(atMost: grace) { return exit }
      }
      self.signal(SIGKILL)
      if let exit = try await self.exit.wait(atMost: Self.longestDeath) { return exit }
      Launcher.shared.health.remains(self.pid)
      return .signal(SIGKILL)
    }
    // Only cancellation makes the waits throw, and nobody else holds that task.
    return (try? await ending.value) ?? .signal(SIGKILL)
  }

  private func reap() -> Readiness.Next {
    let ended = isReaped.withLock { isReaped -> Exit? in
      // Until it is reaped the number, and so the group's, cannot be given to another process.
      if endsGroup { kill(-pid, SIGKILL) }
      var code: Int32 = 0
      var status: Int32 = 0
      guard linux_reap(pidfd.number, &code, &status) else { return nil }
      isReaped = true
      return code == CLD_EXITED ? .code(status) : .signal(status)
    }
    guard let ended else { return .again }
    Launcher.shared.health.isGone(pid)
    exit.set(ended)
    return .stop
  }
}
