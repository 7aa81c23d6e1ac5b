package import JSON
package import Primitives
package import SQLite

/// What can be bound to `$1` and read from a column.
package protocol ColumnValue: Sendable {
  /// As the database keeps it.
  var column: SQLiteValue { get }
  /// Nil when the column holds something else.
  init?(column: SQLiteValue)
}

extension Int64: ColumnValue {
  package var column: SQLiteValue { .integer(self) }
  package init?(column: SQLiteValue) {
    guard case .integer(let number) = column else { return nil }
    self = number
  }
}

extension Int: ColumnValue {
  package var column: SQLiteValue { .integer(Int64(self)) }
  package init?(column: SQLiteValue) {
    guard case .integer(let number) = column else { return nil }
    self.init(exactly: number)
  }
}

extension Double: ColumnValue {
  package var column: SQLiteValue { .real(self) }
  package init?(column: SQLiteValue) {
    switch column {
    case .real(let number): self = number
    case .integer(let number): self = Double(number)
    default: return nil
    }
  }
}

extension String: ColumnValue {
  package var column: SQLiteValue { .text(self) }
  package init?(column: SQLiteValue) {
    guard case .text(let text) = column else { return nil }
    self = text
  }
}

extension [UInt8]: ColumnValue {
  package var column: SQLiteValue { .blob(self) }
  package init?(column: SQLiteValue) {
    guard case .blob(let bytes) = column else { return nil }
    self = bytes
  }
}

/// 0 or 1: SQLite has no type of its own for it.
extension Bool: ColumnValue {
  package var column: SQLiteValue { .integer(self ? 1 : 0) }
  package init?(column: SQLiteValue) {
    switch column {
    case .integer(0): self = false
    case .integer(1): self = true
    default: return nil
    }
  }
}

/// Whole microseconds since 1970.
extension Timestamp: ColumnValue {
  package var column: SQLiteValue { .integer(microseconds) }
  package init?(column: SQLiteValue) {
    guard case .integer(let number) = column else { return nil }
    self.init(microseconds: number)
  }
}

/// Its text.
extension JSON: ColumnValue {
  package var column: SQLiteValue { .text(text) }
  package init?(column: SQLiteValue) {
    guard case .text(let text) = column, let json = try? JSON(parsing: text, limits: .exact) else {
      // The reader says which column it was; where in the text is of no use to anybody.
      return nil
    }
    self = json
  }
}

/// JSON together with its text: for what is stored often and written out once, or written out before a transaction
/// begins.
package struct WrittenJSON: ColumnValue {
  package let json: JSON
  package let text: String

  package init(_ json: JSON) {
    self.json = json
    text = json.text
  }

  package var column: SQLiteValue { .text(text) }

  package init?(column: SQLiteValue) {
    guard case .text(let text) = column, let json = JSON(column: column) else { return nil }
    self.json = json
    self.text = text
  }
}

/// Nil is NULL.
extension Optional: ColumnValue where Wrapped: ColumnValue {
  package var column: SQLiteValue { self?.column ?? .null }
  package init?(column: SQLiteValue) {
    if column == .null {
      self = .none
    } else if let value = Wrapped(column: column) {
      self = .some(value)
    } else {
      return nil
    }
  }
}

/// A choice from a fixed list is kept by its name. Nil for one that only a later version knows.
extension ColumnValue where Self: RawRepresentable, RawValue: ColumnValue {
  package var column: SQLiteValue { rawValue.column }
  package init?(column: SQLiteValue) {
    guard let name = RawValue(column: column) else { return nil }
    self.init(rawValue: name)
  }
}
