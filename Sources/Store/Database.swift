import Glibc
package import Primitives
import SQLite

/// The database file with the threads that work on it: one that writes, several that read.
///
/// Several processes on one host may share the file; a doorbell tells each of the others' changes. Close it
/// before the program ends, so that the write-ahead log is folded into the file.
package final class Database: Sendable {
  /// How the database is run. The defaults suit everybody; tests turn some of them.
  package struct Options: Sendable {
    /// Threads that read; at least 1.
    package var readers = 3
    /// The most closures that share one commit.
    package var batch = 512
    /// The most closures that may wait for the writer, and for the readers; more are refused.
    package var waiting = 20_000
    /// How long to wait for a lock that another process holds.
    package var patience: Duration = .seconds(10)
    /// When a step of the schema was applied.
    package var time: Time = .system
    /// Failures on request.
    package var faults: Faults = .none
    /// Told each statement of each closure as it is run, on the database's threads; nil tells nobody.
    package var trace: (@Sendable (String) -> Void)?

    package init() {}
  }

  /// The file. Beside it lie its log (`-wal`, `-shm`) and the directories of doorbells and workers.
  package let path: String
  private let options: Options
  private let writes: Inbox<Writer.Job>
  private let reads: Inbox<Reader.Job>
  private let bell: Doorbell
  private let lockWait: LockWait
  private let threads = Lock(Threads())

  private struct Threads {
    var writer: Thread?
    var readers: [Thread] = []
  }

  /// The directory of the file.
  package var directory: String { Database.directory(of: path) }

  /// Opens or makes the file and brings its schema up to date. The directory must exist.
  package static func open(_ path: String, migrations: [Migration], options: Options = .init()) async throws
    -> Database
  {
    let directory = directory(of: path)
    guard access(directory, W_OK | X_OK) == 0 else {
      throw StoreError.directory(path: directory, reason: String(cString: strerror(errno)))
    }
    let bell = try Doorbell(in: directory + "/bells")
    let database = Database(path: path, options: options, bell: bell)
    do {
      try await database.startWriter(migrations)
      for number in 1...max(1, options.readers) { try await database.startReader(number) }
    } catch {
      await database.close()
      throw error
    }
    return database
  }

  private init(path: String, options: Options, bell: Doorbell) {
    self.path = path
    self.options = options
    self.bell = bell
    lockWait = LockWait(options.time)
    writes = Inbox(limit: options.waiting, path: path)
    reads = Inbox(limit: options.waiting, path: path)
  }

  deinit {
    // Joined only by `close`: the last reference may be dropped on one of these very threads.
    writes.close()
    reads.close()
    bell.close()
  }

  /// Runs the closure on a state of the database that does not change meanwhile. It cannot be cancelled.
  package func read<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { answer in
      do {
        try reads.add { reader in answer.resume(with: Result { try reader.read(body) }) }
      } catch {
        answer.resume(throwing: error)
      }
    }
  }

  /// Runs the closure once, and returns when its changes are on the disk. When the closure throws, its
  /// changes are undone and the error is thrown on. `StoreError.rolledBack` says that nothing was stored
  /// though the closure itself had succeeded. Cancelling the task does not take an accepted closure back.
  @discardableResult
  package func write<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { (answer: CheckedContinuation<T, any Error>) in
      let job = Writer.Job(
        run: { transaction in
          let value = try body(transaction)
          return { answer.resume(returning: value) }
        },
        fail: { answer.resume(throwing: $0) })
      do {
        try writes.add(job)
      } catch {
        answer.resume(throwing: error)
      }
    }
  }

  /// Since when nothing can be written because another process has the lock; nil when that is not so, or not longer
  /// than some time.
  package func lockedOut(longer limit: Duration) -> Timestamp? { lockWait.since(longer: limit) }

  /// How many writes wait to be taken up; for metrics.
  package var waitingWrites: Int { writes.count }

  /// How many reads wait to be taken up; for metrics.
  package var waitingReads: Int { reads.count }

  /// Wake-ups after commits that rang, of this and of other processes. Several that come while nobody looks
  /// are one. A wake-up may be lost when a process dies between commit and ringing: look now and then, too.
  package func changes() -> AsyncStream<Void> { bell.listen() }

  /// Writes a complete copy to `target` while the database stays in use: first beside it as `….part`, then
  /// renamed, so that a file with the name of a backup is one. Its name is new, so that no link that somebody
  /// prepared is followed, and nobody else may read what is in it.
  package func backup(to target: String) async throws {
    let (path, patience) = (path, options.patience)
    try await Thread.run("store-backup") {
      let part = "\(target).\(Hex.encode(Randomness.system.bytes(8))).part"
      let file = Glibc.open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      guard file >= 0 else {
        throw StoreError.cannotOpen(path: target, reason: String(cString: strerror(errno)))
      }
      Glibc.close(file)
      do throws(SQLiteError) {
        let source = try Connection(path, access: .read, patience: patience)
        try source.backup(to: part)
      } catch {
        unlink(part)
        throw StoreError(error, path: error.condition == .cannotOpen ? target : path, patience: patience)
      }
      guard rename(part, target) == 0 else {
        let reason = String(cString: strerror(errno))
        unlink(part)
        throw StoreError.cannotOpen(path: target, reason: reason)
      }
    }
  }

  /// Finishes what was accepted, refuses everything else, and closes the file. Does nothing the second time.
  package func close() async {
    writes.refuse()
    reads.close()
    bell.close()
    let (writer, readers) = threads.withLock { threads in
      defer { threads = Threads() }
      return (threads.writer, threads.readers)
    }
    await Thread.run("store-close") { [bell, writes] in
      for reader in readers { reader.join() }
      // The writer's connection goes last: only one that may write can fold the log into the file.
      writes.close()
      writer?.join()
      bell.join()
    }
  }

  private func startWriter(_ migrations: [Migration]) async throws {
    try await withCheckedThrowingContinuation {
      [path, options, writes, bell, lockWait] (ready: CheckedContinuation<Void, any Error>) in
      let thread = Thread("store-write") {
        let writer: Writer
        do {
          let connection = try Database.connect(path, .write, options)
          try Migrator(path: path, connection: connection, options: options).apply(migrations)
          writer = Writer(
            path: path, connection: connection, options: options, ring: { bell.ring() }, lockWait: lockWait)
        } catch {
          return ready.resume(throwing: error)
        }
        ready.resume()
        writer.work(writes)
      }
      threads.withLock { $0.writer = thread }
    }
  }

  private func startReader(_ number: Int) async throws {
    try await withCheckedThrowingContinuation {
      [path, options, reads] (ready: CheckedContinuation<Void, any Error>) in
      let thread = Thread("store-read-\(number)") {
        let reader: Reader
        do {
          let connection = try Database.connect(path, .read, options)
          reader = Reader(path: path, connection: connection, options: options)
        } catch {
          return ready.resume(throwing: error)
        }
        ready.resume()
        reader.work(reads)
      }
      threads.withLock { $0.readers.append(thread) }
    }
  }

  private static func connect(_ path: String, _ access: Connection.Access, _ options: Options) throws
    -> Connection
  {
    do {
      return try Connection(path, access: access, patience: options.patience)
    } catch {
      throw StoreError(error, path: path, patience: options.patience)
    }
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
