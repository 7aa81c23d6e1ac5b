import JSON
import Testing

@testable import CLI

@Suite struct TextTests {
  @Test(arguments: [
    ("plain", "plain"), ("two\nlines", "two lines"), ("  edges \t", "edges"), ("red\u{1B}[31m", "red[31m"),
    ("abc\u{202E}cba", "abccba"), ("zero\u{200B}width\u{FEFF}", "zerowidth"), ("c1\u{9B}", "c1"),
    ("bell\u{7}", "bell"), ("", ""),
  ])
  func `text from outside can't steer the terminal`(given: String, shown: String) {
    #expect(given.onOneLine == shown)
  }

  @Test(arguments: [
    ("c1 \u{9B}31m\u{9D}0;x\u{9C}", #"c1 \u009b31m\u009d0;x\u009c"#),
    ("bidi \u{202E}\u{2066}\u{61C}", #"bidi \u202e\u2066\u061c"#),
    ("del \u{7F}", #"del \u007f"#), ("wide \u{200B}\u{FEFF}\u{2060}", #"wide \u200b\ufeff\u2060"#),
    ("lines \u{2028}\u{2029}\u{85}", #"lines \u2028\u2029\u0085"#), ("tag \u{E0041}", #"tag \udb40\udc41"#),
    ("esc \u{1B}[2J", #"esc \u001b[2J"#), ("fine é 日本 😀", "fine é 日本 😀"),
  ])
  func `JSON stays equal, and cannot steer the terminal`(given: String, shown: String) throws {
    let json: JSON = ["text": .string(given), "more": [.string(given)]]
    #expect(json.shownLine == #"{"text":"\#(shown)","more":["\#(shown)"]}"#)
    #expect(json.shownText.contains("\n  \"text\": \"\(shown)\",\n"))
    #expect(try JSON(parsing: json.shownText) == json)
    #expect(try JSON(parsing: json.shownLine) == json)
  }

  @Test(arguments: [
    ("plain\n\tline", "plain\n\tline"), ("\u{1B}[31mbad\u{1B}[0m", "\u{1B}[31mbad\u{1B}[0m"),
    ("\u{1B}[8mhidden\u{1B}[2J", "[8mhidden[2J"), ("\u{1B}]0;title\u{7}", "]0;title"), ("a\u{9B}2Jb", "a2Jb"),
    ("a\u{202E}b\u{200F}c", "abc"), ("over\rwritten", "overwritten"), ("👩‍💻", "👩‍💻"),
  ])
  func `nothing passes to a terminal but text and our own colours`(given: String, shown: String) {
    #expect(given.gated() == shown)
    #expect(!given.gated(keepingColours: false).contains("\u{1B}"))
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
