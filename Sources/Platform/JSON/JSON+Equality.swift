extension JSON: Hashable {
  package static func == (left: JSON, right: JSON) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.integer(let left), .integer(let right)): left == right
    case (.number(let left), .number(let right)): left == right
    case (.integer(let integer), .number(let number)), (.number(let number), .integer(let integer)):
      Int64(exactly: number) == integer
    case (.exact(let left), .exact(let right)): left.digits == right.digits
    case (.exact(let exact), .integer(let integer)), (.integer(let integer), .exact(let exact)):
      exact.whole == integer
    case (.exact(let exact), .number(let number)), (.number(let number), .exact(let exact)):
      if let whole = exact.whole {
        Int64(exactly: number) == whole
      } else {
        number.isFinite && exact.digits == DecimalDigits(number.description)
      }
    case (.string(let left), .string(let right)): ExactText(left) == ExactText(right)
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)): left == right
    default: false
    }
  }

  package func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .bool(let value):
      hasher.combine(1)
      hasher.combine(value)
    case .integer(let value):
      hasher.combine(2)
      hasher.combine(value)
    case .number(let value):
      // Equal values must hash alike, and a whole number equals its integer.
      hasher.combine(2)
      if let whole = Int64(exactly: value) { hasher.combine(whole) } else { hasher.combine(value) }
    case .exact(let value):
      hasher.combine(2)
      if let whole = value.whole { hasher.combine(whole) } else { hasher.combine(value.nearest) }
    case .string(let value):
      hasher.combine(3)
      hasher.combine(ExactText(value))
    case .array(let elements):
      hasher.combine(4)
      hasher.combine(elements)
    case .object(let object):
      hasher.combine(5)
      hasher.combine(object)
    }
  }
}
