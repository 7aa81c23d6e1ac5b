/// A row while one transaction changes it: loaded once, changed in memory, saved once. See `Transaction.edit`.
package protocol Edit: AnyObject {
  /// Writes what is different from what was loaded, and nothing when nothing is.
  func save() throws
}

/// A column of a row that is edited: saved when what it holds has changed.
package struct EditedColumn<Value>: Sendable {
  package let name: String
  let differs: @Sendable (Value, Value) -> Bool
  let column: @Sendable (Value) -> (any ColumnValue)?

  /// - Parameter stored: how the row keeps it.
  package init<Part: Equatable & Sendable>(
    _ name: String, _ part: @escaping @Sendable (Value) -> Part,
    as stored: @escaping @Sendable (Part) -> (any ColumnValue)?
  ) {
    self.name = name
    differs = { part($0) != part($1) }
    column = { stored(part($0)) }
  }

  package init<Part: Equatable & ColumnValue>(_ name: String, _ part: @escaping @Sendable (Value) -> Part) {
    self.init(name, part) { $0 }
  }
}

extension Transaction {
  /// Updates the columns of a row that have changed.
  /// - Parameters:
  ///   - columns: all that may have.
  ///   - condition: what must hold besides the id; a row for which it does not is left as it is.
  /// - Returns: whether the row was written, or nothing had changed.
  package func save<Value>(
    _ table: String, _ id: String, _ columns: [EditedColumn<Value>], from old: Value, to new: Value,
    when condition: String? = nil
  ) throws -> Bool {
    let changed = columns.filter { $0.differs(old, new) }
    if changed.isEmpty { return true }
    let assignments = changed.enumerated().map { "\($1.name) = $\($0 + 2)" }.joined(separator: ", ")
    let condition = condition.map { " AND \($0)" } ?? ""
    return try run(
      "UPDATE \(table) SET \(assignments) WHERE id = $1\(condition)",
      values: [id] + changed.map { $0.column(new) }
    ) == 1
  }
}
