/// The answer of a statement, complete.
package struct Rows: Sendable {
  package let columns: Columns
  package let rows: [[SQLiteValue]]
}

/// The names of the columns of an answer; shared by its rows.
package final class Columns: Sendable {
  package let names: [String]
  private let positions: [String: Int]

  init(_ names: [String]) {
    self.names = names
    positions = Dictionary(zip(names, names.indices), uniquingKeysWith: { first, _ in first })
  }

  /// Where the column of this name is; the first if there are several.
  package func position(of name: String) -> Int? { positions[name] }
}
