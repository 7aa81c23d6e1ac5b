import JSON
import Testing

@Suite struct JSONErrorTests {
  @Test(arguments: [
    ("", "line 1, column 1 (byte 0): found the end of the text, expected a value."),
    ("[1,]", "line 1, column 4 (byte 3): found \"]\", expected a value after the comma."),
    ("[1 2]", "line 1, column 4 (byte 3): found \"2\", expected \",\" or \"]\" after an element."),
    ("[*]", "line 1, column 2 (byte 1): found \"*\", expected a value or \"]\"."),
    ("[1", "line 1, column 3 (byte 2): found the end of the text, expected \",\" or \"]\" after an element."),
    ("{a:1}", "line 1, column 2 (byte 1): found \"a\", expected a key in quotation marks or \"}\"."),
    (
      "{\"a\":1,}",
      "line 1, column 8 (byte 7): found \"}\", expected a key in quotation marks after the comma."
    ),
    ("{\"a\" 1}", "line 1, column 6 (byte 5): found \"1\", expected \":\" after the key."),
    ("{\"a\":}", "line 1, column 6 (byte 5): found \"}\", expected a value after \":\"."),
    ("{\"a\":1 2}", "line 1, column 8 (byte 7): found \"2\", expected \",\" or \"}\" after a member."),
    (
      "{\n  \"é\": [\n    tru\n  ]\n}",
      "line 3, column 8 (byte 19): found U+000A, expected the word true."
    ),
    ("\"€\" x", "line 1, column 5 (byte 6): found \"x\", expected the end of the text after the value."),
    ("[“a”]", "line 1, column 2 (byte 1): found U+201C, expected a value or \"]\"."),
    (
      "[1,\"\"\"]",
      "line 1, column 6 (byte 5): found a quotation mark, expected \",\" or \"]\" after an element."
    ),
    (
      "\u{FEFF}1",
      "line 1, column 1 (byte 0): it begins with a byte order mark, which JSON does not allow. "
        + "Save it without one."
    ),
    (
      "\"a\tb\"",
      "line 1, column 3 (byte 2): found the raw control character U+0009 in a string, expected an escape "
        + "such as \\n or \\u0009."
    ),
    (
      "\"\\x\"",
      "line 1, column 3 (byte 2): found \"x\", expected one of \" \\ / b f n r t u after the backslash."
    ),
    ("\"\\u12g4\"", "line 1, column 6 (byte 5): found \"g\", expected four hexadecimal digits after \\u."),
    (
      "\"\\ud83d!\"",
      "line 1, column 2 (byte 1): found the escape \\uD83D, expected it as one half of a surrogate pair."
    ),
    (
      "\"a",
      "line 1, column 3 (byte 2): found the end of the text, expected a quotation mark that ends the string."
    ),
    ("[012]", "line 1, column 2 (byte 1): found a number with a leading zero, expected it without."),
    ("-x", "line 1, column 2 (byte 1): found \"x\", expected a digit after the minus sign."),
    ("1.", "line 1, column 3 (byte 2): found the end of the text, expected a digit after the decimal point."),
    (
      "1e+", "line 1, column 4 (byte 3): found the end of the text, expected a digit after the exponent sign."
    ),
    (
      "1e999",
      "line 1, column 1 (byte 0): found the number 1e999, expected one below 1.8e308, the largest "
        + "64-bit float."
    ),
    ("{\"a\":1,\r\n\"a\":2}", "line 2, column 1 (byte 9): found the key \"a\" a second time in one object."),
  ])
  func `an error says where it is, what is there and what should be`(text: String, problem: String) {
    #expect { try JSON(parsing: text) } throws: { error in
      "\(error)" == "The JSON text is wrong at " + problem
    }
  }

  @Test func `a byte that is not UTF-8 is named`() {
    #expect { try JSON(parsing: [0x22, 0xC3, 0xA9, 0xFF, 0x22]) } throws: { error in
      "\(error)"
        == "The JSON text is wrong at line 1, column 3 (byte 3): found the byte 0xFF, which "
        + "is not UTF-8 there."
    }
  }

  @Test func `limits are named in the error`() {
    let cases: [(String, JSON.Limits, String)] = [
      ("[1]", JSON.Limits(bytes: 2), "The JSON text is 3 bytes long, but at most 2 are taken. Send less."),
      (
        "[[1]]", JSON.Limits(depth: 1),
        "The JSON text is wrong at line 1, column 2 (byte 1): found more than 1 arrays and objects in "
          + "one another."
      ),
      (
        "[1,2]", JSON.Limits(members: 1),
        "The JSON text is wrong at line 1, column 4 (byte 3): found more than 1 members and elements in all "
          + "objects and arrays together."
      ),
    ]
    for (text, limits, expected) in cases {
      #expect { try JSON(parsing: text, limits: limits) } throws: { "\($0)" == expected }
    }
  }

  @Test func `a long name or number is quoted in part`() {
    let key = String(repeating: "k", count: 1000)
    let number = String(repeating: "9", count: 1000)
    for text in ["{\"\(key)\":1,\"\(key)\":2}", number] {
      #expect { try JSON(parsing: text) } throws: { "\($0)".count < 200 }
    }
  }
}
