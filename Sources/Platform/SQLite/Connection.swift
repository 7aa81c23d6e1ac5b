internal import CSQLite
import Primitives

/// One connection to a database file, with its prepared statements. It belongs to one thread at a time:
/// SQLite's own locking is switched off.
///
/// Settings that every connection gets: write-ahead log, `synchronous=FULL` (a commit is on the disk before
/// it is answered), foreign keys enforced, extended result codes, and a wait for other processes' locks.
package final class Connection {
  /// What a connection may do with the file.
  package enum Access: Sendable {
    /// Read and write; the file is made when it does not exist.
    case write
    /// Read an existing file.
    case read
  }

  private let handle: OpaquePointer
  private var statements: [StatementText: Statement] = [:]
  /// How many prepared statements are kept.
  private static let kept = 512

  /// - Parameter patience: how long to wait for a lock that another connection holds.
  package init(_ path: String, access: Access, patience: Duration) throws(SQLiteError) {
    let flags =
      switch access {
      case .write: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
      case .read: SQLITE_OPEN_READONLY
      }
    handle = try Connection.open(path, flags)
    sqlite3_busy_timeout(handle, Int32(clamping: patience.microseconds / 1000))
    guard csqlite_refuse_quoted_strings(handle) == SQLITE_OK else { throw SQLiteError(of: handle) }
    if access == .write {
      // SQLite opens a file it may not write without a word, and fails at the first write.
      guard sqlite3_db_readonly(handle, "main") == 0 else {
        throw SQLiteError(code: SQLITE_READONLY, message: "the file may only be read")
      }
      try enterWriteAheadLog(patience: patience)
    }
    try execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864")
    // In KiB. What a transaction changes beyond this is written to the log page by page, often more than once.
    if access == .write { try execute("PRAGMA cache_size = -32768") }
  }

  deinit {
    statements.removeAll()
    sqlite3_close_v2(handle)
  }

  /// Runs one statement with `$1`… bound to the values, to its end.
  package func run(_ sql: String, _ values: [SQLiteValue] = []) throws(SQLiteError) -> Rows {
    let text = StatementText(sql)
    if let statement = statements[text] { return try statement.run(values) }
    let statement = try Statement(sql, on: handle)
    if statements.count >= Connection.kept { statements.removeAll(keepingCapacity: true) }
    statements[text] = statement
    return try statement.run(values)
  }

  /// Runs a script of several statements without values.
  package func execute(_ script: String) throws(SQLiteError) {
    guard sqlite3_exec(handle, script, nil, nil, nil) == SQLITE_OK else {
      throw SQLiteError(of: handle, sql: script)
    }
  }

  /// How many rows the last INSERT, UPDATE or DELETE changed.
  package var changes: Int { Int(sqlite3_changes64(handle)) }

  /// Whether a transaction is open. Some errors (a full disk) make SQLite end it by itself.
  package var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// The first connection to a new file changes its format, and SQLite refuses a second one that does the
  /// same at that moment without waiting.
  private func enterWriteAheadLog(patience: Duration) throws(SQLiteError) {
    var left = patience
    while true {
      do throws(SQLiteError) {
        // So that what is deleted can be given back to the disk piece by piece. A new file gets it now, one that is
        // there with its next VACUUM.
        try execute("PRAGMA auto_vacuum = INCREMENTAL")
        let mode = try run("PRAGMA journal_mode = WAL").rows.first?.first
        guard mode == .text("wal") else {
          throw SQLiteError(
            code: SQLITE_CANTOPEN,
            message: "the file system does not offer a write-ahead log, which needs shared memory")
        }
        return
      } catch {
        guard error.condition == .busy, left > .zero else { throw error }
        left -= .milliseconds(10)
        sqlite3_sleep(10)
      }
    }
  }

  /// Copies the whole database into another file while both stay in use. One step, so one consistent state:
  /// with a write-ahead log, reading for long stops nobody's writes.
  /// - Parameter path: made, or its contents replaced.
  package func backup(to path: String) throws(SQLiteError) {
    let target = try Connection(copy: path)
    guard let copy = sqlite3_backup_init(target.handle, "main", handle, "main") else {
      throw SQLiteError(of: target.handle)
    }
    let code = sqlite3_backup_step(copy, -1)
    let end = sqlite3_backup_finish(copy)
    guard code == SQLITE_DONE, end == SQLITE_OK else {
      throw SQLiteError(code: code, message: String(cString: sqlite3_errstr(code)))
    }
  }

  /// A bare connection for the file a copy goes into: its format is copied with the pages.
  private init(copy path: String) throws(SQLiteError) {
    handle = try Connection.open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
  }

  /// Once, before the first connection. A refusal (something else uses SQLite already) costs speed alone.
  ///
  /// By default a savepoint that touches more than 15 pages, as every start of a run does, writes its copies of
  /// them to a file. A higher limit is no way out: from 128 KiB on, SQLite 3.40 writes nothing of what it held when
  /// the limit is reached, and says that the disk is full.
  private static let configured = csqlite_configure() == SQLITE_OK

  private static func open(_ path: String, _ flags: Int32) throws(SQLiteError) -> OpaquePointer {
    _ = configured
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
    if code == SQLITE_OK, let opened { return opened }
    let error =
      opened.map { SQLiteError(of: $0) }
      ?? SQLiteError(code: code, message: String(cString: sqlite3_errstr(code)))
    sqlite3_close_v2(opened)
    throw error
  }
}
