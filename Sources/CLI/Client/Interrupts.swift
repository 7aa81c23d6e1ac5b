import Glibc
import Primitives
import Processes

/// Where the signal handler writes.
// Safe: written once, before the handler that reads it is installed.
nonisolated(unsafe) private var wakePipe: Int32 = -1

/// Ctrl-C and SIGTERM as the end of a piece of work, so that it can clean up. A second Ctrl-C ends the program
/// at once, as if nobody had asked.
enum Interrupts {
  /// Does the work, or throws `Complaint.interrupted` once it was interrupted and has stopped.
  static func end(_ work: @escaping @Sendable () async throws -> Void) async throws {
    let arrivals = try Arrivals()
    // A terminal that is closed sends SIGHUP.
    arm([SIGINT, SIGTERM, SIGHUP])
    try await each(of: arrivals, { throw Complaint.interrupted }, during: work)
  }

  /// Does the work, and what an interrupt asks for at each one. It says itself when it listens to them, by `arm` and
  /// `disarm`.
  static func each(
    _ answer: @escaping @Sendable () async throws -> Void,
    during work: @escaping @Sendable () async throws -> Void
  ) async throws {
    try await each(of: Arrivals(), answer, during: work)
  }

  private static func each(
    of arrivals: Arrivals, _ answer: @escaping @Sendable () async throws -> Void,
    during work: @escaping @Sendable () async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await work() }
      group.addTask {
        for await _ in arrivals.stream { try await answer() }
        // The stream ends only with this task.
      }
      defer { group.cancelAll() }
      try await group.next()
    }
    withExtendedLifetime(arrivals.reader) {}
  }

  /// Has the next one of these signals arrive, and not end the program.
  static func arm(_ signals: [Int32]) {
    for signal in signals {
      var action = sigaction()
      // Somebody has said that it does not concern this program: `nohup`, for instance.
      let isIgnored = sigaction(signal, nil, &action) == 0 && action.isIgnoring
      if isIgnored, signal == SIGHUP { continue }
      action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in
        // Only what a signal handler may do (signal-safety(7)).
        let before = errno
        _ = write(wakePipe, "!", 1)
        errno = before
      }
      action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
      sigaction(signal, &action, nil)
    }
  }

  /// Has these signals end the program again.
  static func disarm(_ signals: [Int32]) {
    for number in signals { signal(number, SIG_DFL) }
  }

  /// Signals on their way from the handler.
  private struct Arrivals: Sendable {
    let stream: AsyncStream<Void>
    let reader: OutputReader

    init() throws {
      let pipe = try Pipe(ours: .reading)
      // Kept open for the life of the program: a handler may run at any time.
      wakePipe = dup(pipe.writing.number)
      let (stream, arrival) = AsyncStream.makeStream(of: Void.self)
      self.stream = stream
      reader = try OutputReader(pipe.reading) { _ in arrival.yield() }
    }
  }
}

extension sigaction {
  /// Whether the signal is ignored. SIG_IGN is the number 1 in the place of a function.
  fileprivate var isIgnoring: Bool {
    unsafeBitCast(__sigaction_handler.sa_handler, to: UInt.self) == 1
  }
}
