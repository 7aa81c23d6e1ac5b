import JSON
import Testing

@Suite struct WriterTests {
  @Test(
    arguments: [
      (nil, "null"), (true, "true"), (false, "false"), (0, "0"), (-7, "-7"),
      (.integer(.min), "-9223372036854775808"),
      (.integer(.max), "9223372036854775807"), (1.5, "1.5"), (0.1, "0.1"), (.number(100), "100.0"),
      (.number(-0.0), "-0.0"), (.number(1e16), "1e+16"), (.number(1e300), "1e+300"),
      (.number(.leastNonzeroMagnitude), "5e-324"),
      (.number(.greatestFiniteMagnitude), "1.7976931348623157e+308"),
      (.number(1.0 / 3), "0.3333333333333333"),
      ("", #""""#), ("a", #""a""#), ("\"\\/", #""\"\\/""#), ("\u{8}\u{9}\u{A}\u{C}\u{D}", #""\b\t\n\f\r""#),
      ("\u{0}\u{B}\u{1F}\u{7F}", "\"\\u0000\\u000b\\u001f\u{7F}\""), ("é€😀\u{2028}", "\"é€😀\u{2028}\""),
      ([], "[]"), ([:], "{}"), ([1, [2], []], "[1,[2],[]]"),
      (["b": 1, "a": [nil, "x"]], #"{"b":1,"a":[null,"x"]}"#),
      (["\n": 1], #"{"\n":1}"#),
    ] as [(JSON, String)])
  func `a value is written compactly and reads back`(value: JSON, text: String) throws {
    #expect(value.text == text)
    #expect(value.bytes == Array(text.utf8))
    #expect("\(value)" == text)
    #expect(try JSON(parsing: text) == value)
  }

  @Test(arguments: [Double.nan, .signalingNaN, .infinity, -.infinity])
  func `what JSON has no number for is written as null`(number: Double) {
    #expect(JSON.number(number).text == "null")
    #expect(JSON.array([.number(number), 1]).text == "[null,1]")
    #expect(JSON.number(number).canonicalBytes == Array("null".utf8))
    #expect(JSON.number(number).prettyText == "null")
  }

  @Test func `pretty text has two spaces a level and one thing a line`() {
    let value: JSON = ["a": 1, "b": [true, [], [:], ["c": "x"]], "d": [:]]
    #expect(
      value.prettyText == """
        {
          "a": 1,
          "b": [
            true,
            [],
            {},
            {
              "c": "x"
            }
          ],
          "d": {}
        }
        """)
    #expect(JSON.string("a").prettyText == #""a""#)
  }

  @Test func `canonical bytes do not depend on the order of members or the form of numbers`() {
    let left: JSON = ["b": [1, 2.5, .number(-0.0)], "a": ["é": 1, "z": 2, "Z": 3]]
    let right: JSON = ["a": ["Z": .number(3), "z": 2, "é": 1.0], "b": [.number(1), 2.5, 0]]
    #expect(left == right)
    #expect(left.canonicalBytes == right.canonicalBytes)
    #expect(
      String(decoding: left.canonicalBytes, as: UTF8.self) == #"{"a":{"Z":3,"z":2,"é":1},"b":[1,2.5,0]}"#)
  }
}
