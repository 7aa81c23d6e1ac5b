import Testing

@testable import CLI

@Suite struct TextTests {
  @Test(arguments: [
    ("plain", "plain"), ("two\nlines", "two lines"), ("  edges \t", "edges"), ("red\u{1B}[31m", "red[31m"),
    ("abc\u{202E}cba", "abccba"), ("bell\u{7}", "bell"), ("", ""),
  ])
  func `text from outside can't steer the terminal`(given: String, shown: String) {
    #expect(given.onOneLine == shown)
  }

  @Test func `lines are kept where they are wanted`() {
    #expect("a\tb\n\nc\u{1B}[0m".safeLines == ["a  b", "", "c[0m"])
    #expect("a\r\nb\r\n\r\nc\rd".safeLines == ["a", "b", "", "cd"])
  }

  @Test(arguments: [
    ("short", 10, "short"), ("exactly ten", 11, "exactly ten"), ("a long sentence", 7, "a long…"),
    ("日本語のテキスト", 7, "日本語…"), ("anything", 0, ""),
  ])
  func `a cut shows`(text: String, width: Int, cut: String) {
    #expect(text.cut(to: width) == cut)
    #expect(cut.columns <= max(width, 0))
  }

  @Test func `text is wrapped between words, and a long word stays whole`() {
    #expect("one two three four".wrapped(to: 9) == ["one two", "three", "four"])
    #expect("tiny incomprehensibilities".wrapped(to: 8) == ["tiny", "incomprehensibilities"])
    #expect("".wrapped(to: 8) == [""])
  }

  @Test(arguments: [
    ("plain-path/x.y", "plain-path/x.y"), ("with space", "'with space'"), ("it's", "'it'\\''s'"), ("", "''"),
    ("$HOME", "'$HOME'"),
  ])
  func `words for a shell are quoted when they must be`(word: String, quoted: String) {
    #expect(word.shellQuoted == quoted)
  }
}
