import Glibc
import Primitives

/// A program that is run to its end.
///
///     let output = try await Command(["git", "--version"]).run()
package struct Command: Sendable {
  package enum Input: Sendable {
    case none
    case bytes([UInt8])
    /// Read by the process itself, from where the file stands.
    case file(Descriptor)
  }

  /// The first is the program, a path or a name to look for in the environment's `PATH`.
  package var arguments: [String]
  /// All the program gets; nothing is added.
  package var environment: [String: String]
  package var directory: String?
  package var input: Input
  /// When it is over the process group is asked to end, and killed `grace` later.
  package var limit: Duration?
  package var grace: Duration = .seconds(2)
  /// Bytes kept of each stream from its beginning; the rest is taken and counted.
  package var outputLimit: Int
  /// Bytes kept from the end as well.
  package var tailLimit = 0
  /// Whether what goes to stderr is put between what goes to stdout, in the order it was written.
  package var mergesOutput = false
  package var confinement = Confinement()
  /// Further files of the program, by the number it knows them under; 3 or more.
  package var descriptors: [Int32: Descriptor] = [:]

  package init(
    _ arguments: [String], environment: [String: String] = [:], directory: String? = nil,
    input: Input = .none, limit: Duration? = nil, outputLimit: Int = 1 << 20
  ) {
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.input = input
    self.limit = limit
    self.outputLimit = outputLimit
  }

  package struct Output: Sendable {
    package var exit: Exit
    /// Whether the limit ended it.
    package var timedOut: Bool
    package var stdout: Capture
    /// Empty when the streams are merged.
    package var stderr: Capture

    /// stdout as text, invalid bytes replaced.
    package var text: String { String(decoding: stdout.bytes, as: UTF8.self) }
    package var errorText: String { String(decoding: stderr.bytes, as: UTF8.self) }
  }

  /// Returns when the program has ended and its output is in. What it left running in its process group is
  /// killed. A non-zero exit is not an error.
  ///
  /// Throws `ProcessError` when the program cannot be started, and `CancellationError` once a cancelled
  /// program has been ended.
  package func run() async throws -> Output {
    let stdout = Lock(Capture(head: outputLimit, tail: tailLimit))
    let stderr = Lock(Capture(head: outputLimit, tail: tailLimit))
    // The pipes' other ends are closed here when the launch goes out of scope, so that only the program
    // holds them.
    let (child, readers) = try await start(stdout, stderr)
    do {
      let ended = try await limit.awaiting(child)
      let exit = if let ended { ended } else { await child.end(grace: grace) }
      // Everything written before the end lies in the pipes: nothing to wait for, even if a process that
      // left the group still holds the other end.
      for reader in readers {
        reader.drain()
        reader.stop()
      }
      return Output(
        exit: exit, timedOut: ended == nil, stdout: stdout.withLock { $0 }, stderr: stderr.withLock { $0 })
    } catch {
      await child.end(grace: grace)
      throw error
    }
  }

  private func start(_ stdout: Lock<Capture>, _ stderr: Lock<Capture>) async throws -> (Child, [OutputReader])
  {
    var launch = Launch(arguments)
    launch.environment = environment
    launch.directory = directory
    launch.confinement = confinement
    launch.descriptors = descriptors
    var feed: Descriptor?
    switch input {
    case .none: break
    case .bytes:
      let pipe = try Pipe(ours: .writing)
      launch.descriptors[0] = pipe.reading
      feed = pipe.writing
    case .file(let file): launch.descriptors[0] = file
    }
    let output = try Pipe(ours: .reading)
    launch.descriptors[1] = output.writing
    var readers = [try OutputReader(output.reading) { bytes in stdout.withLock { $0.append(bytes) } }]
    if mergesOutput {
      launch.descriptors[2] = output.writing
    } else {
      let errors = try Pipe(ours: .reading)
      launch.descriptors[2] = errors.writing
      readers.append(try OutputReader(errors.reading) { bytes in stderr.withLock { $0.append(bytes) } })
    }
    let child = try await Child.start(launch)
    if let feed, case .bytes(let bytes) = input {
      do {
        try InputWriter.feed(bytes, into: feed)
      } catch {
        await child.end(grace: .zero)
        throw error
      }
    }
    return (child, readers)
  }
}

extension Duration? {
  /// Nil when the time ran out first.
  fileprivate func awaiting(_ child: Child) async throws -> Exit? {
    if let self { try await child.wait(atMost: self) } else { try await child.wait() }
  }
}
