import CLinux
import Primitives

/// The one thread that starts processes. It lives as long as we do, because the kernel's parent-death
/// signal is sent when the *thread* that started a process ends.
final class Launcher: Sendable {
  static let shared = Launcher()

  private let jobs = Gate<[@Sendable () -> Void]>([])

  private init() {
    _ = Thread("launcher") {
      linux_block_signals()
      while true {
        let next = self.jobs.wait { $0.isEmpty ? nil : $0.removeFirst() }
        next()
      }
    }
  }

  func start(_ launch: Launch) async throws -> Child {
    try await withCheckedThrowingContinuation { continuation in
      jobs.update { $0.append { continuation.resume(with: Result { try Child.startNow(launch) }) } }
    }
  }
}
