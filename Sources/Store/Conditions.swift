/// What a SELECT asks for when that depends on the request: conditions that must all hold, with their values.
package struct Conditions {
  private var parts: [String] = []
  /// In the order of their numbers; a query may bind further ones after them.
  package private(set) var values: [(any ColumnValue)?] = []

  package init() {}

  /// Adds a condition; `$` in it stands for the value.
  package mutating func add(_ condition: String, _ value: (any ColumnValue)?) {
    values.append(value)
    parts.append(condition.replacing("$", with: "$\(values.count)"))
  }

  /// Adds a condition without a value.
  package mutating func add(_ condition: String) {
    parts.append(condition)
  }

  /// The column must hold one of some values; none at all is no condition.
  package mutating func add(_ column: String, in choices: [String]) {
    if choices.isEmpty { return }
    let places = choices.map { choice in
      values.append(choice)
      return "$\(values.count)"
    }
    parts.append("\(column) IN (\(places.joined(separator: ", ")))")
  }

  /// Binds a value that stands elsewhere in the query, and returns its `$n`.
  package mutating func bind(_ value: (any ColumnValue)?) -> String {
    values.append(value)
    return "$\(values.count)"
  }

  /// The `WHERE` clause; nothing when there are no conditions.
  package var clause: String {
    parts.isEmpty ? "" : "WHERE " + parts.map { "(\($0))" }.joined(separator: " AND ")
  }
}
