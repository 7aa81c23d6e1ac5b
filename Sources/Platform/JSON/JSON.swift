/// A JSON value, as RFC 8259 defines it: integers keep 64 bits, objects keep the order of their members.
///
/// Two values are equal when they mean the same: objects whatever the order of their members, numbers by
/// their value (`1` equals `1.0`), texts code point by code point.
package enum JSON: Sendable {
  case null
  case bool(Bool)
  /// A number written without fraction and exponent that fits into 64 bits.
  case integer(Int64)
  /// Any other number. The parser never makes an infinity or a NaN; the writer turns both into `null`.
  case number(Double)
  /// One that neither of the two holds digit by digit, when the reader was asked to keep digits
  /// (`Limits.numbers`).
  case exact(ExactNumber)
  case string(String)
  case array([JSON])
  case object(Object)
}

extension JSON {
  package var isNull: Bool {
    if case .null = self { true } else { false }
  }

  package var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The number if it is whole and fits: `1` and `1.0`, not `1.5` and not `1e30`.
  package var integerValue: Int64? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int64(exactly: value)
    case .exact(let value): value.whole
    default: nil
    }
  }

  /// As `integerValue`.
  package var intValue: Int? { integerValue.flatMap(Int.init(exactly:)) }

  /// Any number; integers beyond 2^53 are rounded.
  package var numberValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .exact(let value): value.nearest
    default: nil
    }
  }

  package var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  package var arrayValue: [JSON]? {
    if case .array(let value) = self { value } else { nil }
  }

  package var objectValue: Object? {
    if case .object(let value) = self { value } else { nil }
  }

  /// A member of an object; nil when there is none, or when the value is no object. Setting nil removes the
  /// member. Setting a member of anything but an object replaces that value by an object with this member.
  package subscript(key: String) -> JSON? {
    get {
      if case .object(let object) = self { object[key] } else { nil }
    }
    set {
      var object = Object()
      if case .object(let own) = self {
        object = own
      } else if newValue == nil {
        return
      }
      // The object must have one owner before it changes, or all of it is copied.
      self = .null
      object[key] = newValue
      self = .object(object)
    }
  }

  /// An element of an array; nil beyond its ends, or when the value is no array.
  package subscript(index: Int) -> JSON? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }
}

extension JSON: CustomStringConvertible {
  package var description: String { text }
}
