import JSON

/// The fields of a tool call, taken one by one; each refusal names its field.
struct ToolInput: Sendable {
  private let object: JSON.Object

  init(_ input: JSON, fields: [String]) throws {
    guard let object = input.objectValue else { throw ToolError.input("The input must be an object.") }
    self.object = object
    if let unknown = object.keys.first(where: { !fields.contains($0) }) {
      let names = fields.map { "`\($0)`" }.joined(separator: ", ")
      throw ToolError.input("There is no field `\(unknown.prefix(80))`. The fields are \(names).")
    }
  }

  /// Nil when it is missing or null.
  private func value(_ field: String) -> JSON? {
    object[field].flatMap { $0.isNull ? nil : $0 }
  }

  func text(_ field: String) throws -> String {
    guard let text = try optionalText(field) else {
      throw ToolError.input("The field `\(field)` is missing.")
    }
    return text
  }

  func optionalText(_ field: String) throws -> String? {
    guard let value = value(field) else { return nil }
    guard let text = value.stringValue else {
      throw ToolError.input("The field `\(field)` must be a string.")
    }
    return text
  }

  /// A path: not empty, no zero byte.
  func path(_ field: String) throws -> String {
    let path = try text(field)
    guard !path.isEmpty else { throw ToolError.input("The field `\(field)` must not be empty.") }
    guard !path.utf8.contains(0) else {
      throw ToolError.input("The field `\(field)` must not contain a zero byte.")
    }
    return path
  }

  func optionalPath(_ field: String) throws -> String? {
    try optionalText(field) == nil ? nil : path(field)
  }

  /// False when it is missing.
  func flag(_ field: String) throws -> Bool {
    guard let value = value(field) else { return false }
    guard let flag = value.boolValue else {
      throw ToolError.input("The field `\(field)` must be true or false.")
    }
    return flag
  }

  func number(_ field: String, atLeast least: Int) throws -> Int? {
    guard let value = value(field) else { return nil }
    guard let number = value.intValue, number >= least else {
      throw ToolError.input("The field `\(field)` must be a whole number of at least \(least).")
    }
    return number
  }

  /// Two whole numbers.
  func range(_ field: String) throws -> (Int, Int)? {
    guard let value = value(field) else { return nil }
    guard let list = value.arrayValue, list.count == 2, let first = list[0].intValue,
      let last = list[1].intValue
    else { throw ToolError.input("The field `\(field)` must be two whole numbers, [first line, last line].") }
    return (first, last)
  }
}
