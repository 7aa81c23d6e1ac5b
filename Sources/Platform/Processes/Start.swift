import CLinux
import Glibc
import Primitives

/// One start: from the moment it is asked for until the program runs, or is sure never to. Nobody waits for it but
/// who asked: its reports are read as they come, and its time is watched from outside.
final class Start: Sendable {
  private enum Phase {
    /// For the launching thread.
    case asked
    case begun(Progress)
    /// The result is set; with what is still to be read and killed.
    case over(Progress?)
  }
  private struct Progress {
    let first: StartedProcess
    let reports: Descriptor
    /// The process that will run the program, once it is known.
    var program: StartedProcess?
    var failure: (step: Int32, errno: Int32)?
  }

  let launch: Launch
  let asked = ContinuousClock.now
  private let phase = Lock(Phase.asked)
  private let result = Latch<Result<Child, any Error>>()
  private let isOver: @Sendable (Start) -> Void

  /// - Parameter isOver: called once there is a result.
  init(_ launch: Launch, isOver: @escaping @Sendable (Start) -> Void) {
    self.launch = launch
    self.isOver = isOver
  }

  /// The program, once it runs. A cancelled task ends what was begun for it.
  func value() async throws -> Child {
    do {
      return try await result.wait().get()
    } catch is CancellationError {
      if !giveUp(CancellationError()), case .success(let child) = result.value {
        await child.end(grace: .zero)
      }
      throw CancellationError()
    }
  }

  /// Whether it waits for the launching thread.
  var isWaiting: Bool {
    phase.withLock { if case .asked = $0 { true } else { false } }
  }

  /// For the launching thread.
  func begin() {
    guard isWaiting else { return }
    do {
      let begun = try launch.begin()
      let isWanted = phase.withLock { phase in
        let progress = Progress(first: begun.first, reports: begun.reports)
        guard case .asked = phase else {
          phase = .over(progress)
          return false
        }
        phase = .begun(progress)
        return true
      }
      if !isWanted { Self.kill(begun.first) }
      do {
        _ = try Readiness.shared.watch(begun.reports, .readable) { self.read(begun.reports) }
      } catch {
        giveUp(error)
        throw error
      }
    } catch {
      settle(.failure(error))
    }
  }

  /// Lets go on whoever was halted on the way in. Whoever is in the sandbox can do that to one who takes its user.
  func goOn() {
    let program = phase.withLock { phase -> StartedProcess? in
      if case .begun(let progress) = phase { progress.program } else { nil }
    }
    if let program { linux_pidfd_kill(program.pidfd.number, SIGCONT) }
  }

  /// Ends what was begun, whatever state it is in.
  /// - Returns: false when there was a result already.
  @discardableResult
  func giveUp(_ error: any Error) -> Bool {
    let progress = phase.withLock { phase -> Progress?? in
      switch phase {
      case .asked:
        phase = .over(nil)
        return .some(nil)
      case .begun(let progress):
        phase = .over(progress)
        return progress
      case .over: return nil
      }
    }
    guard let progress else { return false }
    for process in [progress?.first, progress?.program].compactMap({ $0 }) { Self.kill(process) }
    settle(.failure(error))
    return true
  }

  private func settle(_ value: Result<Child, any Error>) {
    phase.withLock { phase in
      if case .asked = phase { phase = .over(nil) }
    }
    result.set(value)
    isOver(self)
  }

  /// Takes the reports that are there.
  private func read(_ reports: Descriptor) -> Readiness.Next {
    var report = linux_report()
    while true {
      switch linux_launch_read(reports.number, &report) {
      case 1: note(report)
      case -EAGAIN: return .again
      default:
        finish()
        return .stop
      }
    }
  }

  private func note(_ report: linux_report) {
    let unwanted = phase.withLock { phase -> StartedProcess? in
      switch phase {
      case .begun(var progress):
        Self.note(report, in: &progress)
        phase = .begun(progress)
        return nil
      case .over(var progress?):
        // It came to this after it was given up.
        Self.note(report, in: &progress)
        phase = .over(progress)
        return progress.program
      case .asked, .over(nil): return nil
      }
    }
    if let unwanted { Self.kill(unwanted) }
  }

  private static func note(_ report: linux_report, in progress: inout Progress) {
    guard report.step == 0 else {
      progress.failure = (report.step, report.value)
      return
    }
    if report.value == progress.first.pid {
      progress.program = progress.first
      return
    }
    // Nobody else can have the number: it is our child, and only we reap it.
    let pidfd = linux_pidfd(report.value)
    if pidfd >= 0 {
      progress.program = StartedProcess(pid: report.value, pidfd: Descriptor(owning: pidfd))
    } else {
      progress.failure = (Int32(bitPattern: LINUX_STEP_FORK.rawValue), -pidfd)
    }
  }

  /// The reports have ended.
  private func finish() {
    let (progress, isWanted) = phase.withLock { phase -> (Progress?, Bool) in
      switch phase {
      case .begun(let progress):
        phase = .over(nil)
        return (progress, true)
      case .over(let progress):
        phase = .over(nil)
        return (progress, false)
      case .asked: return (nil, false)
      }
    }
    guard let progress else { return }
    if progress.program?.pid != progress.first.pid { Self.reap(progress.first) }
    guard isWanted, progress.failure == nil, let program = progress.program else {
      if let program = progress.program { Self.reap(program) }
      if isWanted {
        let failure = progress.failure ?? (Int32(bitPattern: LINUX_STEP_FORK.rawValue), ECHILD)
        settle(.failure(launch.failure(at: failure.step, errno: failure.errno)))
      }
      return
    }
    settle(Result { try Child(watching: program, endsGroup: launch.endsGroup) })
  }

  private static func kill(_ process: StartedProcess) {
    linux_pidfd_kill(process.pidfd.number, SIGKILL)
    Launcher.shared.health.remains(process.pid)
  }

  /// Takes the exit of a process that nobody asks for.
  private static func reap(_ process: StartedProcess) {
    // Without a watch it stays as a number in a table.
    _ = try? Readiness.shared.watch(process.pidfd, .readable) {
      var (code, status): (Int32, Int32) = (0, 0)
      guard linux_reap(process.pidfd.number, &code, &status) else { return .again }
      Launcher.shared.health.isGone(process.pid)
      return .stop
    }
  }
}
