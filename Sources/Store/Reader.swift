import Primitives
import SQLite

/// One of the connections that read, on its own thread. Every read sees one unchanging state of the
/// database, and waits for no writer.
struct Reader {
  /// Runs a read and tells its caller.
  typealias Job = @Sendable (Reader) -> Void

  let path: String
  let connection: Connection
  let options: Database.Options

  /// Works until the inbox is closed and empty.
  func work(_ inbox: Inbox<Job>) {
    while let job = inbox.take(upTo: 1).first { job(self) }
  }

  func read<T>(_ body: (Transaction) throws -> T) throws -> T {
    try options.faults.at(.beforeRead)
    try ask("BEGIN")
    let transaction = Transaction(connection, access: .read, path: path, options: options)
    defer { transaction.end() }
    let value: T
    do {
      value = try body(transaction)
    } catch {
      // Nothing was changed; what counts is the error of the closure.
      if connection.isInTransaction { try? ask("ROLLBACK") }
      throw error
    }
    try ask("COMMIT")
    for action in transaction.actions { action() }
    return value
  }

  private func ask(_ sql: String) throws {
    do {
      _ = try connection.run(sql)
    } catch {
      throw StoreError(error, path: path, patience: options.patience)
    }
  }
}
