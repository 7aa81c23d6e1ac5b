import SQLite

/// One row of an answer. `let id: String = try row["id"]`; a column that may be NULL is read as an optional.
package struct Row: Sendable {
  private let columns: Columns
  private let values: [SQLiteValue]

  init(columns: Columns, values: [SQLiteValue]) {
    self.columns = columns
    self.values = values
  }

  /// Throws `StoreError.noColumn` or `StoreError.wrongType`.
  package subscript<T: ColumnValue>(name: String) -> T {
    get throws {
      guard let position = columns.position(of: name) else {
        throw StoreError.noColumn(name, columns: columns.names)
      }
      guard let value = T(column: values[position]) else {
        throw StoreError.wrongType(column: name, found: values[position].kind, wanted: "\(T.self)")
      }
      return value
    }
  }
}
