import Primitives
package import SQLite

/// Why the store could not do what it was asked.
package enum StoreError: Error, Sendable {
  // The file.
  case directory(path: String, reason: String)
  case cannotOpen(path: String, reason: String)
  case notADatabase(path: String)
  case otherProgram(path: String)
  case readOnly(path: String)
  case full(path: String)
  case locked(path: String, patience: Duration)
  case disk(path: String, reason: String)
  case bell(path: String, reason: String)
  // The schema.
  case newer(path: String, migration: String)
  case changedMigration(String)
  case duplicateMigration(String)
  case failedMigration(String, reason: String)
  // A transaction.
  /// The whole batch was rolled back; nothing of this closure is stored.
  case rolledBack(reason: String)
  /// The commit happened or did not; whoever asked must look before asking again.
  case outcomeUnknown(reason: String)
  case overloaded(waiting: Int)
  case closed(path: String)
  case transactionEnded
  case writeInsideRead(sql: String)
  case statement(SQLiteError)
  // A row.
  case noColumn(String, columns: [String])
  case wrongType(column: String, found: String, wanted: String)
  // A page.
  case badCursor(String)

  /// The error of a statement on the file at `path`, as a sentence somebody can act on where there is one.
  init(_ error: SQLiteError, path: String, patience: Duration) {
    switch error.condition {
    case .notADatabase: self = .notADatabase(path: path)
    case .readOnly: self = .readOnly(path: path)
    case .full: self = .full(path: path)
    case .busy, .locked: self = .locked(path: path, patience: patience)
    case .disk, .corrupt: self = .disk(path: path, reason: error.message)
    case .cannotOpen: self = .cannotOpen(path: path, reason: error.message)
    default: self = .statement(error)
    }
  }

  /// A row with the same key exists already.
  package var isUniqueViolation: Bool {
    if case .statement(let error) = self { error.isUniqueViolation } else { false }
  }

  /// A row that is referred to is missing, or would go missing.
  package var isForeignKeyViolation: Bool {
    if case .statement(let error) = self { error.isForeignKeyViolation } else { false }
  }

  /// Nothing was stored, and the same may succeed in a moment.
  package var isRetryable: Bool {
    switch self {
    case .locked, .overloaded, .rolledBack: true
    default: false
    }
  }
}

extension StoreError: CustomStringConvertible {
  private static let nothingStored = "Nothing was stored"

  package var description: String {
    switch self {
    case .directory(let path, let reason):
      "The directory \(path) of the database cannot be used: \(reason). Make it, and give this user write "
        + "access."
    case .cannotOpen(let path, let reason):
      "The database \(path) cannot be opened: \(reason). Check that its directory exists and that this user "
        + "may write there."
    case .notADatabase(let path):
      "\(path) is not a database. Give another path, or move this file away and restore a backup."
    case .otherProgram(let path):
      "\(path) is a database of another program. Give another path; nothing in it was changed."
    case .readOnly(let path):
      "The database \(path) may only be read. Give this user write access to the file and its directory, or "
        + "mount the file system for writing."
    case .full(let path):
      "The disk that holds \(path) is full. \(StoreError.nothingStored). Free some space; no restart is needed."
    case .locked(let path, let patience):
      "Another program has kept the database \(path) locked for more than \(patience.inSeconds) s. Find it "
        + "(fuser \(path)) and let it finish, or end it."
    case .disk(let path, let reason):
      "The disk failed under the database \(path): \(reason). Check the system's log, then restore a backup "
        + "if the file is damaged."
    case .bell(let path, let reason):
      "The doorbell \(path), by which processes tell each other of changes, cannot be made: \(reason). "
        + "Check that this user may write to that directory."
    case .newer(let path, let migration):
      "The database \(path) was made by a newer version of errand: it has the step \(migration), which this "
        + "program does not know. Start the newer version, or restore the backup made before the upgrade."
    case .changedMigration(let id):
      "The step \(id) of the schema is not the one that was applied to this database. Use a released "
        + "version of errand; released steps never change."
    case .duplicateMigration(let id):
      "Two steps of the schema are called \(id). Rename one of them."
    case .failedMigration(let id, let reason):
      "The step \(id) of the schema could not be applied, and nothing of it was: \(reason)"
    case .rolledBack(let reason):
      // A reason that says so itself has its own advice.
      reason.contains(StoreError.nothingStored)
        ? reason
        : "\(StoreError.nothingStored), because the whole transaction was rolled back: \(reason) Try again."
    case .outcomeUnknown(let reason):
      "Whether this was stored is not known: \(reason) Look before you try again."
    case .overloaded(let waiting):
      "The database is overloaded: \(waiting) operations are waiting for it. Nothing was done; try again "
        + "later."
    case .closed(let path):
      "The database \(path) has been closed. Nothing was done."
    case .transactionEnded:
      "A transaction was used after its closure had returned. Do the work inside the closure."
    case .writeInsideRead(let sql):
      "A statement that changes rows was run inside a read. Use write for: \(sql)"
    case .statement(let error): error.description
    case .noColumn(let name, let columns):
      "The answer has no column \(name), only \(columns.joined(separator: ", "))."
    case .wrongType(let column, let found, let wanted):
      "The column \(column) holds \(found), which is not a \(wanted)."
    case .badCursor(let text):
      "\(text.isEmpty ? "An empty text" : text.count > 80 ? text.prefix(80) + "…" : text) is not a page that this server handed out. Begin "
        + "with the first page."
    }
  }
}

extension StoreError: OperatorError {
  package var toldToClients: String {
    switch self {
    case .full: "The server's disk is full. \(StoreError.nothingStored). \(Self.whoKnows)"
    case .locked:
      "Another program keeps the server's database locked. \(StoreError.nothingStored); try again later."
    case .rolledBack: "\(StoreError.nothingStored): the server's database could not write it. Try again."
    case .outcomeUnknown: "Whether this was stored is not known. Look before you try again."
    case .directory, .cannotOpen, .notADatabase, .otherProgram, .readOnly, .disk, .bell, .newer, .closed:
      "The server's database cannot be used. \(StoreError.nothingStored). \(Self.whoKnows)"
    case .changedMigration, .duplicateMigration, .failedMigration, .overloaded, .transactionEnded,
      .writeInsideRead, .statement, .noColumn, .wrongType, .badCursor:
      description
    }
  }
}
