extension Parser {
  /// Reads a number: an integer when it has neither fraction nor exponent and fits, else a 64-bit float,
  /// rounded to the nearest, or the digits where they are kept and the float would lose some. `-0` is the
  /// integer 0.
  mutating func number() throws(Fault) -> JSON {
    let start = position
    let isNegative = current == UInt8(ascii: "-")
    if isNegative { position += 1 }
    var digits = Digits()
    if current == UInt8(ascii: "0") {
      position += 1
      if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(current) {
        throw Fault(reason: .leadingZero, offset: start)
      }
    } else {
      try skipDigits(into: &digits, after: "the minus sign")
    }
    var isInteger = true
    if current == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      let point = position
      try skipDigits(into: &digits, after: "the decimal point")
      digits.exponent -= position - point
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      isInteger = false
      position += 1
      let isBelowOne = current == UInt8(ascii: "-")
      if isBelowOne || current == UInt8(ascii: "+") { position += 1 }
      var exponent = Digits()
      try skipDigits(into: &exponent, after: "the exponent sign")
      digits.raise(by: exponent, isNegative: isBelowOne)
    }
    if isInteger, let integer = digits.integer(isNegative: isNegative) { return .integer(integer) }
    let keepsDigits = limits.numbers == .exact
    if !keepsDigits || digits.isShort, let number = digits.exactNumber(isNegative: isNegative) {
      return .number(number)
    }
    let text = String(decoding: input[start..<position], as: UTF8.self)
    guard let number = Double(text), number.isFinite else {
      throw Fault(reason: .numberTooLarge(text), offset: start)
    }
    guard keepsDigits else { return .number(number) }
    let written = DecimalDigits(text)
    if !isInteger, written == DecimalDigits(number.description) { return .number(number) }
    return .exact(JSON.ExactNumber(text, written))
  }

  /// One digit or more.
  private mutating func skipDigits(into digits: inout Digits, after what: String) throws(Fault) {
    let start = position
    while position < input.count {
      let digit = input[position] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      digits.append(digit)
      position += 1
    }
    guard position > start else { throw unexpected("a digit after \(what)") }
  }
}

/// The digits of a number as far as 64 bits hold them, and the power of ten to multiply them with.
private struct Digits {
  private var value: UInt64 = 0
  private var isExact = true
  var exponent = 0

  /// 10^22 is the largest power of ten that a 64-bit float holds exactly.
  private static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
  ]

  /// Whether a 64-bit float keeps all of them, wherever the point is: 15 it always does.
  var isShort: Bool { isExact && value < 1_000_000_000_000_000 }

  mutating func append(_ digit: UInt8) {
    let (tenfold, isTooMuch) = value.multipliedReportingOverflow(by: 10)
    let (sum, isTooMuchNow) = tenfold.addingReportingOverflow(UInt64(digit))
    if isTooMuch || isTooMuchNow { isExact = false }
    value = sum
  }

  mutating func raise(by power: Digits, isNegative: Bool) {
    guard power.isExact, let power = Int(exactly: power.value), power < 1 << 32 else {
      isExact = false
      return
    }
    exponent += isNegative ? -power : power
  }

  func integer(isNegative: Bool) -> Int64? {
    guard isExact else { return nil }
    if isNegative { return value <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- value) : nil }
    return Int64(exactly: value)
  }

  /// The number, when one multiplication or division of two exact floats gives it: such a result is the
  /// nearest there is (Clinger, "How to Read Floating Point Numbers Accurately", 1990).
  func exactNumber(isNegative: Bool) -> Double? {
    guard isExact, value <= 1 << 53, abs(exponent) <= 22 else { return nil }
    let whole = isNegative ? -Double(value) : Double(value)
    return exponent < 0 ? whole / Digits.powers[-exponent] : whole * Digits.powers[exponent]
  }
}
