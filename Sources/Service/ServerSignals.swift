import Glibc
import Logging
import Primitives
import Queue
import ServiceLifecycle
import Store
import UnixSignals

/// What signals ask of a running server.
///
/// | signal | what happens |
/// |---|---|
/// | SIGTERM, SIGINT | it stops in order; a second SIGINT ends it at once |
/// | SIGHUP | the job files are applied again; if the terminal it was started from is gone, it stops in order |
/// | SIGUSR1 | a line in the log says how it is |
struct ServerSignals: Sendable {
  /// Those that are listened to by default.
  static let all: [UnixSignal] = [.sigterm, .sigint, .sighup, .sigusr1]

  let jobsWatch: JobsWatch?
  let database: Database
  let queue: Queue
  let terminal = StartingTerminal()
  let log: Logger

  /// Answers each signal until cancelled.
  func follow(_ signals: [UnixSignal], stopping stop: @escaping @Sendable () async -> Void) async {
    if signals.isEmpty { return }
    var isStopping = false
    for await signal in await UnixSignalsSequence(trapping: signals) {
      switch signal {
      case .sigusr1: await tellState()
      case .sighup where !terminal.isGone: applyAgain()
      default:
        // Whoever presses Ctrl-C again does not want to wait.
        if isStopping, signal == .sigint { _exit(128 + SIGINT) }
        if isStopping { continue }
        isStopping = true
        let cause = signal == .sighup ? "its terminal was closed" : "it was sent \(name(signal))"
        log.notice("The server stops, because \(cause).")
        await stop()
      }
    }
  }

  private func name(_ signal: UnixSignal) -> String { signal == .sigint ? "SIGINT" : "SIGTERM" }

  private func applyAgain() {
    guard let jobsWatch else {
      log.notice("SIGHUP: there is no folder of job files to apply again; --jobs names one.")
      return
    }
    jobsWatch.applyAgain()
  }

  private func tellState() async {
    do {
      let queue = queue
      let (runs, backlog) = try await database.read { tx in
        (
          try tx.rows(
            "SELECT state, COUNT(*) AS runs FROM runs WHERE ended_at IS NULL GROUP BY state ORDER BY state"
          )
          .map { "\(try $0["runs"] as Int) \(try $0["state"] as String)" }, try queue.backlog(tx)
        )
      }
      let items = backlog.map { "\($0.kind) \($0.items) (\($0.leased) at work, \($0.due) due)" }
      log.notice(
        """
        SIGUSR1: open runs: \(runs.isEmpty ? "none" : runs.joined(separator: ", ")); \
        queue: \(items.isEmpty ? "empty" : items.joined(separator: ", ")).
        """)
    } catch {
      log.error("SIGUSR1: the state cannot be read: \(error)")
    }
  }
}

/// The terminal that the program was started from, if there was one.
struct StartingTerminal: Sendable {
  private let descriptors = [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO].filter { isatty($0) == 1 }

  /// Whether it has been closed since: a terminal that has hung up is none any more.
  var isGone: Bool { descriptors.contains { isatty($0) != 1 } }
}
