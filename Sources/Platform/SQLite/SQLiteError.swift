internal import CSQLite

/// What SQLite refused, with the statement it refused.
package struct SQLiteError: Error, Hashable, Sendable {
  /// SQLite's extended result code (https://sqlite.org/rescode.html).
  package let code: Int32
  /// SQLite's own sentence.
  package let message: String
  /// The statement, or nil when the trouble was not with one.
  package let sql: String?

  package init(code: Int32, message: String, sql: String? = nil) {
    self.code = code
    self.message = message
    self.sql = sql
  }

  /// What went wrong in general: the low byte of the code.
  package var condition: Condition { Condition(rawValue: code & 0xff) ?? .other }

  /// The conditions somebody acts on.
  package enum Condition: Int32, Sendable {
    case busy = 5
    case locked = 6
    case readOnly = 8
    case interrupted = 9
    case disk = 10
    case corrupt = 11
    case full = 13
    case cannotOpen = 14
    case constraint = 19
    case misuse = 21
    case notADatabase = 26
    case other = 1
  }

  /// A UNIQUE or PRIMARY KEY constraint refused the row.
  package var isUniqueViolation: Bool {
    code == csqlite_constraint_unique || code == csqlite_constraint_primary_key
      || code == csqlite_constraint_rowid
  }

  /// A row that is referred to is missing, or would go missing.
  package var isForeignKeyViolation: Bool { code == csqlite_constraint_foreign_key }
}

extension SQLiteError: CustomStringConvertible {
  package var description: String {
    var text = "SQLite refused with code \(code): \(message)."
    if let sql {
      let line = sql.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      text += " Statement: \(line.count > 300 ? line.prefix(300) + "…" : line)"
    }
    return text
  }
}
