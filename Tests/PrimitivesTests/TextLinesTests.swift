import Primitives
import Testing

@Suite struct TextLinesTests {
  @Test(arguments: [
    ("", [""]), ("a", ["a"]), ("a\nb", ["a", "b"]), ("a\r\nb", ["a", "b"]), ("a\r\n", ["a", ""]),
    ("\r\n\r\n", ["", "", ""]),
    ("a\n\u{301}b", ["a", "\u{301}b"]), ("a\rb", ["a\rb"]), ("é\r\n😀", ["é", "😀"]),
  ])
  func `lines end with LF or CRLF`(text: String, lines: [String]) {
    #expect(text.textLines == lines)
    #expect(text[...].textLines == lines)
  }

  @Test(arguments: [
    ("a", false, false), ("a\n", true, true), ("a\r\n", true, true), ("a\nb", true, false),
    ("a\rb", true, false),
  ])
  func `a line's end is seen`(text: String, has: Bool, ends: Bool) {
    #expect(text.hasLineEnd == has)
    #expect(text.endsLine == ends)
  }
}
