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
    let interrupts = try arrivals()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await work() }
      group.addTask {
        for await _ in interrupts.stream { throw Complaint.interrupted }
        // The stream ends only with this task.
      }
      defer { group.cancelAll() }
      try await group.next()
    }
    withExtendedLifetime(interrupts.reader) {}
  }

  private static func arrivals() throws -> (stream: AsyncStream<Void>, reader: OutputReader) {
    let pipe = try Pipe(ours: .reading)
    // Kept open for the life of the program: a handler may run at any time.
    wakePipe = dup(pipe.writing.number)
    let (stream, arrival) = AsyncStream.makeStream(of: Void.self)
    let reader = try OutputReader(pipe.reading) { _ in arrival.yield() }
    for signal in [SIGINT, SIGTERM] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in
        // Only what a signal handler may do (signal-safety(7)).
        let before = errno
        _ = write(wakePipe, "!", 1)
        errno = before
      }
      action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
      sigaction(signal, &action, nil)
    }
    return (stream, reader)
  }
}
