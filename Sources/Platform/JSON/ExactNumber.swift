extension JSON {
  /// A number that neither 64 bits nor a 64-bit float hold digit by digit, kept as it was written: an id beyond
  /// 2^63, an amount with twenty decimals.
  package struct ExactNumber: Sendable {
    /// As it was written: a number of RFC 8259.
    package let text: String
    let digits: DecimalDigits

    init(_ text: String, _ digits: DecimalDigits) {
      self.text = text
      self.digits = digits
    }

    /// The 64-bit float next to it.
    package var nearest: Double { Double(text) ?? 0 }

    /// The number if it is whole and fits into 64 bits, such as `9007199254740993.0`.
    package var whole: Int64? { digits.whole }
  }
}

/// A decimal number without what says nothing: `0.50e1` and `5` are the same.
struct DecimalDigits: Hashable, Sendable {
  private(set) var isNegative = false
  /// From the first that is not 0 to the last that is not 0; none for zero.
  private(set) var digits: [UInt8] = []
  /// The power of ten of the last digit.
  private(set) var exponent = 0

  /// No exponent counts beyond this one: nothing that is written so is told apart from zero or from too large.
  private static let farthest = 1 << 40

  /// - Parameter text: a number of RFC 8259, or what Swift writes for a finite float.
  init(_ text: some StringProtocol) {
    var behindPoint: Int?
    var bytes = text.utf8.makeIterator()
    reading: while let byte = bytes.next() {
      switch byte {
      case UInt8(ascii: "-"): isNegative = true
      case UInt8(ascii: "."): behindPoint = 0
      case UInt8(ascii: "e"), UInt8(ascii: "E"): break reading
      default:
        if behindPoint != nil { behindPoint? += 1 }
        if !digits.isEmpty || byte != UInt8(ascii: "0") { digits.append(byte - UInt8(ascii: "0")) }
      }
    }
    var power = 0
    var isBelowOne = false
    while let byte = bytes.next() {
      switch byte {
      case UInt8(ascii: "-"): isBelowOne = true
      case UInt8(ascii: "+"): break
      default: power = min(power * 10 + Int(byte - UInt8(ascii: "0")), DecimalDigits.farthest)
      }
    }
    exponent = (isBelowOne ? -power : power) - (behindPoint ?? 0)
    while digits.last == 0 {
      digits.removeLast()
      exponent += 1
    }
    if digits.isEmpty { (isNegative, exponent) = (false, 0) }
  }

  /// The number if it is whole and fits into 64 bits.
  var whole: Int64? {
    guard exponent >= 0, digits.count + exponent <= 19 else { return nil }
    return Int64((isNegative ? "-" : "") + (digits.isEmpty ? "0" : figures))
  }

  /// One text for all ways to write the number.
  var text: String { "\(isNegative ? "-" : "")\(digits.map(String.init).joined())e\(exponent)" }

  private var figures: String {
    digits.map(String.init).joined() + String(repeating: "0", count: max(0, exponent))
  }

  static func < (left: DecimalDigits, right: DecimalDigits) -> Bool {
    if left.sign != right.sign { return left.sign < right.sign }
    return left.isNegative ? right.isSmaller(than: left) : left.isSmaller(than: right)
  }

  private var sign: Int { digits.isEmpty ? 0 : isNegative ? -1 : 1 }

  /// Whatever the signs.
  private func isSmaller(than other: DecimalDigits) -> Bool {
    let (magnitude, others) = (digits.count + exponent, other.digits.count + other.exponent)
    return magnitude == others ? digits.lexicographicallyPrecedes(other.digits) : magnitude < others
  }
}

extension JSON {
  /// Whether a number is smaller than another, digit by digit; nil when one is no number.
  package func isSmaller(than other: JSON) -> Bool? {
    switch (self, other) {
    case (.integer(let left), .integer(let right)): left < right
    case (.number(let left), .number(let right)): left < right
    default:
      if let left = decimalDigits, let right = other.decimalDigits { left < right } else { nil }
    }
  }

  private var decimalDigits: DecimalDigits? {
    switch self {
    case .integer(let value): DecimalDigits(String(value))
    // Every whole number that fits is exactly what the float is.
    case .number(let value): DecimalDigits(Int64(exactly: value).map(String.init) ?? value.description)
    case .exact(let value): value.digits
    default: nil
    }
  }
}
