/// Where the SQL of the engines differs. Everything else is written once, in what they share.
package enum Dialect: Sendable {
  case sqlite
  case postgresql

  /// Ends a SELECT whose rows this transaction is about to change, passing over rows that another one holds.
  /// SQLite has one writer, so nobody else holds any.
  package var skippingLocked: String {
    switch self {
    case .sqlite: ""
    case .postgresql: "FOR UPDATE SKIP LOCKED"
    }
  }

  /// Ends a SELECT of one row by its columns alone: nobody else changes it until this transaction has ended. What is
  /// counted or looked up in other tables belongs into the next statement.
  package var locking: String {
    switch self {
    case .sqlite: ""
    case .postgresql: "FOR NO KEY UPDATE"
    }
  }
}
