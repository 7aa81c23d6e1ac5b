import Glibc
import Primitives
import Processes

/// A bash that takes one command after the other and keeps its state: folder, variables, functions.
///
/// It reads commands, each ended by a zero byte, from file 240 and answers with the exit code, ended
/// likewise, on file 241. Commands see neither. What they print goes to one pipe, which is emptied all the
/// time, so that background processes never wait for us.
final class Shell: Sendable {
  enum End: Sendable, Equatable {
    case status(Int32)
    /// The shell itself is gone: `exit`, or killed.
    case exited(Exit)
    case timedOut
    /// The guard that watched the command wanted it to end.
    case stopped
  }

  /// `builtin`, because the agent may define functions of these names. The report comes first in the loop,
  /// so that a command `continue` is answered too; the outer loop catches `break`.
  private static let driver = """
    while builtin :; do
      while builtin printf '%s\\0' "$?" >&241 && builtin read -r -d '' -u 240
      do builtin eval -- "$REPLY" 240<&- 241>&-
      done || builtin break
    done
    """

  private let child: Child
  private let commands: Descriptor
  private let output: OutputReader
  private let statuses: OutputReader
  private let transcript: Lock<Transcript>
  private let state: Lock<State>
  private let spool: String

  private struct State {
    /// Set by the answer of the command that runs, or at first by the shell that is ready.
    var answer = Latch<Int32>()
    var digits: [UInt8] = []
  }

  /// Its number outside of the sandbox.
  var process: Int32 { child.pid }

  /// - Parameter spool: a folder for long output, out of the sandbox's reach.
  static func start(in sandbox: any Sandbox, spool: String) async throws -> Shell {
    let commands = try Pipe(ours: .writing)
    let output = try Pipe(ours: .reading, capacity: 1 << 18)
    let statuses = try Pipe(ours: .reading)
    var launch = Launch(["/bin/bash", "--noprofile", "--norc", "-c", driver, "bash"])
    launch.environment = sandbox.environment
    launch.directory = sandbox.directory
    launch.confinement = sandbox.confinement
    launch.descriptors = [
      1: output.writing, 2: output.writing, 240: commands.reading, 241: statuses.writing,
    ]
    // A command `exit` leaves what it started in the background alone.
    launch.endsGroup = false
    let child = try await Child.start(launch)
    do {
      return try Shell(child, commands.writing, output.reading, statuses.reading, spool)
    } catch {
      await child.end(grace: .zero)
      throw error
    }
  }

  private init(
    _ child: Child, _ commands: Descriptor, _ output: Descriptor, _ statuses: Descriptor, _ spool: String
  ) throws {
    self.child = child
    self.commands = commands
    self.spool = spool
    let transcript = Lock(Transcript(folder: spool))
    let state = Lock(State())
    self.transcript = transcript
    self.state = state
    self.output = try OutputReader(output) { bytes in transcript.withLock { $0.append(bytes) } }
    self.statuses = try OutputReader(statuses) { bytes in
      state.withLock { state in
        for byte in bytes {
          if byte == 0 {
            let text = String(decoding: state.digits, as: UTF8.self)
            state.digits = []
            state.answer.set(Int32(text) ?? 0)
          } else if state.digits.count < 16 {
            state.digits.append(byte)
          }
        }
      }
    }
  }

  var isAlive: Bool { child.exited == nil }

  /// Runs a command. When it does not end by itself, the shell and everything in its process group is ended.
  /// - Parameter guarding: returns when the command should be ended before its time.
  /// - Returns: how it ended, and everything printed since the command before.
  func run(
    _ command: String, limit: Duration, guarding: @escaping @Sendable () async throws -> Void
  ) async throws -> (End, Transcript) {
    let end: End
    do {
      let ready = state.withLock { $0.answer }
      end = try await first(of: ready, limit: .seconds(30), guarding: guarding)
      guard case .status = end else { return (await closed(end), take()) }
      let answer = Latch<Int32>()
      state.withLock { $0.answer = answer }
      try InputWriter.feed(Array(command.utf8) + [0], into: commands)
      let ended = await closed(try await first(of: answer, limit: limit, guarding: guarding))
      output.drain()
      return (ended, take())
    } catch {
      await child.end(grace: .seconds(1))
      throw error
    }
  }

  func end() async {
    await child.end(grace: .milliseconds(200))
    output.stop()
    statuses.stop()
  }

  private func closed(_ end: End) async -> End {
    if end == .timedOut || end == .stopped { await child.end(grace: .seconds(1)) }
    return end
  }

  private func take() -> Transcript {
    transcript.withLock { transcript in
      defer { transcript = Transcript(folder: spool) }
      return transcript
    }
  }

  private func first(
    of answer: Latch<Int32>, limit: Duration, guarding: @escaping @Sendable () async throws -> Void
  ) async throws -> End {
    try await withThrowingTaskGroup(of: End.self) { group in
      group.addTask { .status(try await answer.wait()) }
      group.addTask { .exited(try await self.child.wait()) }
      group.addTask {
        try await Task.sleep(for: limit)
        return .timedOut
      }
      group.addTask {
        try await guarding()
        return .stopped
      }
      defer { group.cancelAll() }
      guard let end = try await group.next() else { return .timedOut }
      return end
    }
  }
}
