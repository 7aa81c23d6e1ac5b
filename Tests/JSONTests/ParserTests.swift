import JSON
import Testing

@Suite struct ParserTests {
  /// Texts and what they say.
  static let taken: [(String, JSON)] = [
    ("null", nil), ("true", true), ("false", false), ("0", 0), ("7", 7), ("-1", -1), ("-0", 0),
    ("1234567890", 1_234_567_890), ("9223372036854775807", .integer(.max)),
    ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .number(9_223_372_036_854_775_808)),
    ("-9223372036854775809", .number(-9_223_372_036_854_775_808)),
    ("18446744073709551616", .number(18_446_744_073_709_551_616)), ("1.5", 1.5), ("-0.0", .number(-0.0)),
    ("0.1", 0.1), ("1e2", .number(100)), ("1E2", .number(100)), ("1e+2", .number(100)), ("1e-2", 0.01),
    ("0e1", .number(0)), ("0.0e-0", .number(0)), ("1.0", .number(1)), ("123.456e-2", 1.23456),
    ("1e22", 1e22), ("1e23", 1e23), ("4.35", 4.35), ("9007199254740993.0", .number(9_007_199_254_740_992)),
    ("1.7976931348623157e308", .number(.greatestFiniteMagnitude)),
    ("5e-324", .number(.leastNonzeroMagnitude)),
    ("1e-400", .number(0)), ("0e999999999999999999999", .number(0)),
    ("2.2250738585072011e-308", .number(Double.leastNormalMagnitude.nextDown)),
    ("  1\t\r\n", 1), (#""""#, ""), (#""a""#, "a"), (#""a b c d e f g h i""#, "a b c d e f g h i"),
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u00E9\u20ac""#, "Aéé€"),
    (#""\ud83d\ude00""#, "😀"), (#""\uD834\uDD1E x""#, "𝄞 x"), (#""\udbff\udfff""#, "\u{10FFFF}"),
    (#""\u0000""#, "\u{0}"), (#""\ufeff""#, "\u{FEFF}"), (#""é€😀""#, "é€😀"), ("\"\u{7F}\"", "\u{7F}"),
    ("\"\u{FFFF}\u{FFFE}\u{2028}\u{2029}\"", "\u{FFFF}\u{FFFE}\u{2028}\u{2029}"),
    ("\"12345678é12345678\\n12345678\"", "12345678é12345678\n12345678"), (#""//*""#, "//*"),
    ("[]", []), ("[ ]", []), ("[1,2]", [1, 2]), (" [ 1 , [ ] , { } ] ", [1, [], [:]]), ("[null]", [nil]),
    ("{}", [:]), ("{ }", [:]), (#"{"a":1}"#, ["a": 1]),
    (#"{ "a" : [ { "b" : null } ] }"#, ["a": [["b": nil]]]),
    (#"{"":0}"#, ["": 0]), (#"{"a":1,"A":2}"#, ["a": 1, "A": 2]), (#"{"\u0061b":1}"#, ["ab": 1]),
  ]

  @Test(arguments: taken)
  func `a text of the standard is read`(text: String, value: JSON) throws {
    let parsed = try JSON(parsing: text)
    #expect(parsed == value)
    // `1` and `1.0` are equal, but not the same case.
    if case .number(let number) = value {
      guard case .number(let found) = parsed else { Issue.record("\(parsed) is no number"); return }
      #expect(found.bitPattern == number.bitPattern)
    }
    if case .integer = value, case .number = parsed { Issue.record("\(parsed) is no integer") }
    #expect(try JSON(parsing: Array(text.utf8)) == value)
  }

  @Test(arguments: [
    "9223372036854775808", "18446744073709551615", "-9223372036854775809", "10000000000000000000",
    "123456789012345678901234567890", "9007199254740993.0", "0.1234567890123456789", "1e-400",
    "1.00000000000000000001",
    "-12345678901234567.5E+3",
  ])
  func `digits are kept where that is asked for`(text: String) throws {
    let parsed = try JSON(parsing: text, limits: .exact)
    guard case .exact(let number) = parsed else { Issue.record("\(parsed) is not exact"); return }
    #expect(number.text == text)
    #expect(parsed.text == text)
    #expect(parsed.numberValue == Double(text))
    #expect(try JSON(parsing: parsed.canonicalBytes, limits: .exact) == parsed)
  }

  @Test(arguments: [
    "0", "-0.0", "1.5", "0.1", "1e2", "1e22", "1.10", "1.0", "100e-2", "0e5", "9223372036854775807",
    "1.7976931348623157e308", "5e-324", "0.30000000000000004", "12345678901.2345",
  ])
  func `what 64 bits hold stays what it is`(text: String) throws {
    let parsed = try JSON(parsing: text, limits: .exact)
    if case .exact = parsed { Issue.record("\(text) is exact") }
    #expect(parsed == (try JSON(parsing: text)))
  }

  @Test(arguments: [
    ("18446744073709551615", "18446744073709551615.0", true),
    ("18446744073709551615", "1.8446744073709551615e19", true),
    ("18446744073709551615", "18446744073709551614", false), ("10000000000000000000", "1e19", true),
    ("9007199254740993.0", "9007199254740993", true), ("9007199254740993.0", "9007199254740992", false),
    ("9007199254740993.0", "9007199254740992.0", false), ("1e-400", "0", false), ("1e-400", "10e-401", true),
  ])
  func `numbers are equal by their value, however they are written`(
    one: String, other: String, areEqual: Bool
  ) throws {
    let (left, right) = (try JSON(parsing: one, limits: .exact), try JSON(parsing: other, limits: .exact))
    #expect((left == right) == areEqual)
    #expect((right == left) == areEqual)
    #expect((left.canonicalBytes == right.canonicalBytes) == areEqual)
    if areEqual { #expect(left.hashValue == right.hashValue) }
  }

  @Test func `numbers are compared digit by digit`() throws {
    let rising = [
      "-18446744073709551616", "-18446744073709551615", "-9223372036854775808", "-1.5", "-1e-400", "0",
      "1e-400", "1",
      "1.00000000000000000001", "9007199254740992.0", "9007199254740993", "9223372036854775807",
      "9223372036854775808",
      "1e19", "10000000000000000001",
    ]
    for (left, right) in zip(rising, rising.dropFirst()) {
      let (one, other) = (try JSON(parsing: left, limits: .exact), try JSON(parsing: right, limits: .exact))
      #expect(one.isSmaller(than: other) == true, "\(left) < \(right)")
      #expect(other.isSmaller(than: one) == false, "\(right) < \(left)")
    }
    #expect(JSON.string("1").isSmaller(than: 2) == nil)
  }

  @Test(arguments: [
    (#""\ud800""#, "\u{FFFD}"), (#""\udc00x""#, "\u{FFFD}x"), (#""\ud800\n""#, "\u{FFFD}\n"),
    (#""\ud800\u0041""#, "\u{FFFD}A"), (#""\ud800\ud83d\ude00""#, "\u{FFFD}😀"), (#""\ud83d\ude00""#, "😀"),
  ])
  func `half of a pair is replaced where that is asked for`(text: String, value: String) throws {
    #expect(try JSON(parsing: text, limits: JSON.Limits(loneSurrogates: .replace)) == .string(value))
    if text != #""\ud83d\ude00""# { #expect(throws: JSONError.self) { try JSON(parsing: text) } }
  }

  static let refused: [String] = [
    // Nothing, or not one value.
    "", " ", "\n", "1 2", "1,", "[] []", "{} {}", "nullnull", "null,", "\"a\" x", "[1]]", "{}}", "1]", ",",
    ":",
    // Words.
    "nul", "nulL", "Null", "NULL", "tru", "truee", "True", "fals", "undefined", "NaN", "Infinity",
    "-Infinity",
    "nan", "inf", "n", "t", "f", "a", "[nul]", "[truth]",
    // Numbers.
    "-", "+1", "01", "-01", "00", "007", "1.", ".5", "-.5", "1.e2", "1e", "1e+", "1e-", "1E", "1ee2", "1e2.5",
    "0x10", "1_000", "1,000", "- 1", "1 000", "--1", "+-1", "1e400", "-1e400", "1e99999999999999999999",
    "0.1.2", "1a", "1/2", "１", "٣", "1L", "0b1", "[1.]", "[-]", "[2.e3]", "[0e]", "[1+2]", "1e1e1", "[.]",
    // Strings.
    "\"", "\"a", "\"\\\"", "\"\\", "'a'", "a", "\"\\a\"", "\"\\x41\"", "\"\\'\"", "\"\\0\"", "\"\\u\"",
    "\"\\u00\"", "\"\\u004\"", "\"\\u00G0\"", "\"\\U0041\"", "\"\\u+041\"", "\"\\u{41}\"", "\"\\ud800\"",
    "\"\\udc00\"", "\"\\ud800\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\ud800\\u\"",
    "\"\\ud800\\u0041\"",
    "\"\\udc00\\ud800\"", "\"\\uDFFF\"", "\"\\ud83d\\\"", "\"\\é\"", "\"\n\"", "\"\t\"", "\"\u{0}\"",
    "\"\u{1F}\"",
    "\"12345678\u{1}\"", "\"a\"b\"", "“a”", "\"\\u00e\"", "\"\\",
    // Arrays.
    "[", "]", "[1", "[1,", "[1,]", "[,]", "[,1]", "[1,,2]", "[1 2]", "[1;2]", "[1:2]", "[\"a\":1]", "[}",
    "[1}",
    "[[]", "[1,2,]", "[\"a\"", "[\"a\",", "[\"", "[1\n", "(1)", "<1>", "[*]", "[//]", "[1]/**/",
    // Objects.
    "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\"}", "{\"a\":}",
    "{\"a\" 1}",
    "{\"a\",1}", "{\"a\":1 \"b\":2}", "{\"a\":1;\"b\":2}", "{a:1}", "{1:1}", "{null:1}", "{'a':1}",
    "{\"a\"::1}",
    "{\"a\":1,,\"b\":2}", "{\"a\":1]", "{]", "{:1}", "{\"a\":1}}", "{\"a\":1}#", "{[]:1}", "{\"a\":'b'}",
    // White space and comments that JSON does not know.
    "\u{C}1", "\u{B}1", "\u{A0}1", "\u{2028}1", "\u{FEFF}1", "1\u{0}", "\u{0}", "//a\n1", "/*a*/1", "#a\n1",
    "1//",
    // The same name twice, also when written otherwise.
    "{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}", "{\"a\":{\"b\":1,\"c\":1,\"b\":1}}",
  ]

  @Test(arguments: refused)
  func `a text that the standard does not allow is refused`(text: String) {
    #expect(throws: JSONError.self) { try JSON(parsing: text) }
    #expect(throws: JSONError.self) { try JSON(parsing: "{\"k\":\(text)}") }
    guard text.contains(where: { !$0.isWhitespace }) else { return }
    #expect(throws: JSONError.self) { try JSON(parsing: "[\(text)]") }
  }

  @Test(arguments: taken.map(\.0).filter { $0.count > 1 && "[{\"".contains($0.first ?? " ") })
  func `no beginning of a text is a text`(text: String) {
    let bytes = Array(text.utf8)
    for length in 0..<bytes.count where length < bytes.lastIndex(where: { $0 != 0x20 }) ?? 0 {
      #expect(throws: JSONError.self) { try JSON(parsing: bytes.prefix(length)) }
    }
  }

  static let broken: [[UInt8]] = [
    [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xC2, 0xC2], [0xE0, 0x80, 0x80],
    [0xE0, 0x9F, 0xBF], [0xE2, 0x82], [0xE2, 0x82, 0x41], [0xE2, 0x28, 0xA1], [0xED, 0xA0, 0x80],
    [0xED, 0xBF, 0xBF],
    [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
    [0xF0, 0x9F, 0x98],
    [0xF0, 0x9F, 0x98, 0x41], [0xF0, 0x9F, 0x41, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
    [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFC, 0x80, 0x80, 0x80, 0x80, 0x80], [0xFE], [0xFF],
    [0xFF, 0xFE, 0x31, 0x00],
  ]

  @Test(arguments: broken)
  func `bytes that are not UTF-8 are refused wherever they stand`(bytes: [UInt8]) {
    let quote = UInt8(ascii: "\"")
    let texts: [[UInt8]] = [
      bytes, [quote] + bytes + [quote], [quote] + bytes,
      Array("\"12345678".utf8) + bytes + Array("12345678\"".utf8),
      Array("\"\\n".utf8) + bytes + [quote], Array("[1".utf8) + bytes,
      Array("{\"".utf8) + bytes + Array("\":1}".utf8),
    ]
    for text in texts {
      #expect { try JSON(parsing: text) } throws: { error in
        if case .notUTF8? = (error as? JSONError)?.reason { true } else { false }
      }
    }
  }

  // The planes in between are alike.
  @Test(arguments: [0, 0x1_0000, 0xE_0000, 0x10_0000] as [UInt32])
  func `the code points of a plane are read, raw and escaped`(plane: UInt32) throws {
    for start in stride(from: plane, to: plane + 0x1_0000, by: 0x400) {
      let scalars = (start..<start + 0x400).compactMap(Unicode.Scalar.init)
      let expected = JSON.string(String(String.UnicodeScalarView(scalars)))
      let escaped = scalars.flatMap(\.utf16).map { unit in
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
      #expect(try JSON(parsing: "\"\(escaped.joined())\"") == expected)
      let raw = String.UnicodeScalarView(
        scalars.filter { $0.value >= 0x20 && !"\"\\".unicodeScalars.contains($0) })
      #expect(try JSON(parsing: "\"\(String(raw))\"") == .string(String(raw)))
      #expect(try JSON(parsing: expected.bytes) == expected)
    }
  }

  @Test func `bytes in one piece and in none read alike`() throws {
    let text = #"{"a":[1,"é"]}"#
    let value: JSON = ["a": [1, "é"]]
    #expect(try JSON(parsing: text) == value)
    #expect(try JSON(parsing: Array(text.utf8)[...]) == value)
    #expect(try JSON(parsing: Array((text + text).utf8).dropFirst(text.utf8.count)) == value)
    #expect(try JSON(parsing: [text.utf8, "".utf8].joined().map { $0 }.reversed().reversed()) == value)
  }
}
