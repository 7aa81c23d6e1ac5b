extension JSON: ExpressibleByNilLiteral {
  package init(nilLiteral: ()) {
    self = .null
  }
}

extension JSON: ExpressibleByBooleanLiteral {
  package init(booleanLiteral value: Bool) {
    self = .bool(value)
  }
}

extension JSON: ExpressibleByIntegerLiteral {
  package init(integerLiteral value: Int64) {
    self = .integer(value)
  }
}

extension JSON: ExpressibleByFloatLiteral {
  package init(floatLiteral value: Double) {
    self = .number(value)
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
  package init(stringLiteral value: String) {
    self = .string(value)
  }
}

extension JSON: ExpressibleByArrayLiteral {
  package init(arrayLiteral elements: JSON...) {
    self = .array(elements)
  }
}

extension JSON: ExpressibleByDictionaryLiteral {
  /// Traps when a key comes twice.
  package init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Object(uniqueKeysWithValues: elements))
  }
}

// Values that may be absent, written as `null` then.
extension JSON {
  package static func string(orNull value: String?) -> JSON { optional(value) }
  package static func integer(orNull value: Int64?) -> JSON { optional(value) }

  package static func optional(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }
  package static func optional(_ value: Bool?) -> JSON { value.map(JSON.bool) ?? .null }
  package static func optional(_ value: Int64?) -> JSON { value.map(JSON.integer) ?? .null }
  package static func optional(_ value: Int?) -> JSON { value.map { .integer(Int64($0)) } ?? .null }
  package static func optional(_ value: Double?) -> JSON { value.map(JSON.number) ?? .null }
  package static func optional(_ value: JSON?) -> JSON { value ?? .null }

  package init(_ value: Int) {
    self = .integer(Int64(value))
  }
}
