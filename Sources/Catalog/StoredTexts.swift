import JSON
import Primitives

/// What was read from stored texts before: the same text means the same value, whoever's it is, so that a burst of
/// starts reads an agent once.
final class StoredTexts<Value: Sendable>: Sendable {
  /// So many are kept; a table that outgrows this starts anew.
  private let capacity = 1000
  private let values = Lock<[String: Value]>([:])

  /// - Throws: what the JSON parser says; stored texts were written by this program.
  func value(of text: String, _ read: (JSON) -> Value) throws -> Value {
    if let known = values.withLock({ $0[text] }) { return known }
    let value = read(try JSON(parsing: text, limits: .exact))
    values.withLock { values in
      if values.count >= capacity { values.removeAll() }
      values[text] = value
    }
    return value
  }
}
