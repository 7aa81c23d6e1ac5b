import SQLite

/// One transaction, valid only inside the closure that received it.
package final class Transaction {
  private let connection: Connection
  private let access: Connection.Access
  private let path: String
  private let patience: Duration
  private let trace: (@Sendable (String) -> Void)?
  private var isOpen = true
  private(set) var actions: [@Sendable () -> Void] = []
  private(set) var rings = false
  /// The rows that are being changed, by name.
  private var edits: [String: any Edit] = [:]

  init(_ connection: Connection, access: Connection.Access, path: String, options: Database.Options) {
    self.connection = connection
    self.access = access
    self.path = path
    patience = options.patience
    trace = options.trace
  }

  /// The engine that runs the SQL.
  package var dialect: Dialect { .sqlite }

  /// All rows of the answer; values are bound to `$1`, `$2`….
  package func rows(_ sql: String, _ values: (any ColumnValue)?...) throws -> [Row] {
    let answer = try ask(sql, values)
    return answer.rows.map { Row(columns: answer.columns, values: $0) }
  }

  /// The first row of the answer, or nil.
  package func row(_ sql: String, _ values: (any ColumnValue)?...) throws -> Row? {
    let answer = try ask(sql, values)
    return answer.rows.first.map { Row(columns: answer.columns, values: $0) }
  }

  /// All rows of an answer whose number of values depends on what was asked.
  package func rows(_ sql: String, values: [(any ColumnValue)?]) throws -> [Row] {
    let answer = try ask(sql, values)
    return answer.rows.map { Row(columns: answer.columns, values: $0) }
  }

  /// Runs a statement that changes rows, and returns how many it changed.
  @discardableResult
  package func run(_ sql: String, _ values: (any ColumnValue)?...) throws -> Int {
    try run(sql, values: values)
  }

  /// Runs a statement whose number of values depends on what changes.
  @discardableResult
  package func run(_ sql: String, values: [(any ColumnValue)?]) throws -> Int {
    _ = try ask(sql, values)
    return connection.changes
  }

  /// Keeps every other transaction that takes the same lock waiting until this one has ended: what is counted
  /// after it stays true. SQLite has one writer, who has every lock.
  package func lock(_ name: String) throws {
    switch dialect {
    case .sqlite: break
    case .postgresql: _ = try row("SELECT pg_advisory_xact_lock(hashtext($1))", name)
    }
  }

  /// Keeps the row from being changed by other transactions until this one has ended. What is read after it is
  /// the newest. SQLite has one writer, who has every row.
  package func lock(row id: String, of table: String) throws {
    switch dialect {
    case .sqlite: break
    case .postgresql: _ = try row("SELECT 1 FROM \(table) WHERE id = $1 \(dialect.locking)", id)
    }
  }

  /// Has `body` change a row that is loaded once and saved once, however many parts of the transaction change it:
  /// who comes while another is at it gets the same edit, and the one who began it saves.
  /// - Parameter name: the row's, unlike that of any other row.
  package func edit<Row: Edit, Result>(
    _ name: String, load: () throws -> Row, _ body: (Row) throws -> Result
  ) throws -> Result {
    if let open = edits[name] as? Row { return try body(open) }
    let edit = try load()
    edits[name] = edit
    defer { edits[name] = nil }
    let result = try body(edit)
    try edit.save()
    return result
  }

  /// The row as it is being changed; nil when nobody does.
  package func edited<Row: Edit>(_ name: String) -> Row? { edits[name] as? Row }

  /// Registers something to do once the commit is on the disk; it never happens otherwise. Actions run on the
  /// database's thread in the order they were registered, those of earlier closures first, and before
  /// `write` returns. They must be quick and must not wait for the database. In a read they run at its end.
  package func afterCommit(_ action: @escaping @Sendable () -> Void) {
    actions.append(action)
  }

  /// After the commit, wakes everybody who listens to `Database.changes()`, in this and in other processes.
  package func ring() {
    rings = true
  }

  func end() {
    isOpen = false
  }

  private func ask(_ sql: String, _ values: [(any ColumnValue)?]) throws -> Rows {
    guard isOpen else { throw StoreError.transactionEnded }
    trace?(sql)
    do {
      return try connection.run(sql, values.map { $0?.column ?? .null })
    } catch  where access == .read && error.condition == .readOnly {
      throw StoreError.writeInsideRead(sql: sql)
    } catch {
      throw StoreError(error, path: path, patience: patience)
    }
  }
}
