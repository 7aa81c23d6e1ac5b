import JSON
import Reading
import Testing

@testable import Catalog
@testable import Jobs

@Suite("YAML files")
struct YAMLFileTests {
  private func read(_ text: String) -> YAMLFile { YAMLFile(Array(text.utf8), name: "f.yaml") }

  @Test(arguments: [
    ("on", JSON.string("on")), ("yes", "yes"), ("No", "No"), ("true", true), ("FALSE", false), ("~", .null),
    ("null", .null), ("12", 12), ("-3", -3), ("0o17", 15), ("0xff", 255), ("1.5", 1.5), ("1e3", 1000),
    ("1:30", "1:30"), ("2026-11-11", "2026-11-11"), ("1.2.3", "1.2.3"), ("\"12\"", "12"), ("'true'", "true"),
    ("!!str 12", "12"), (".5", 0.5), ("99999999999999999999", "99999999999999999999"),
  ])
  func `plain words mean what YAML 1.2 says`(text: String, value: JSON) {
    let file = read("key: \(text)")
    #expect(file.problems.isEmpty)
    #expect(file.json == ["key": value])
  }

  @Test func `keys that YAML 1.1 takes for booleans stay words`() {
    #expect(read("on: 1\nno: 2").json == ["on": 1, "no": 2])
  }

  @Test func `everything has its place`() {
    let file = read("a:\n  - b: 'text'\n    c: [1, 2]\nd: |\n  block\n")
    let a = FieldPath.root.key("a").index(0)
    #expect(file.marks[a.key("b")]?.key == Places.Spot(line: 2, column: 5))
    #expect(file.marks[a.key("b")]?.value == Places.Spot(line: 2, column: 8))
    #expect(file.marks[a.key("b")]?.textOffset == 1)
    #expect(file.marks[a.key("c").index(1)]?.value == Places.Spot(line: 3, column: 12))
    #expect(file.marks[.root.key("d")]?.textOffset == nil)
  }

  @Test func `a few aliases are read, a bomb is not`() {
    #expect(read("a: &x [1]\nb: *x").json == ["a": [1], "b": [1]])
    var bomb = "a0: &a0 [1, 1, 1]\n"
    for level in 1...6 { bomb += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1), *a\(level - 1)]\n" }
    #expect(read(bomb).problems.isEmpty)
    for level in 7...9 { bomb += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1), *a\(level - 1)]\n" }
    #expect(
      read(bomb).problems.map(\.description) == [
        "f.yaml: The file uses aliases 27 times; at most 20 are read. Write it out."
      ])
    // Few aliases, but many values behind each.
    var wide = "a: &a [" + Array(repeating: "1", count: 6000).joined(separator: ", ") + "]\n"
    wide += "b: [*a, *a, *a]\n"
    #expect(read(wide).problems.map(\.message) == ["The file has more than 20000 values."])
  }

  @Test(arguments: [
    (String(repeating: "[", count: 100_000), "This is no YAML: "),
    (String(repeating: "- ", count: 20_000) + "x", "This is no YAML: "),
    (
      String(repeating: "[", count: 100) + String(repeating: "]", count: 100),
      "The values are nested more than 64 levels deep."
    ),
    (
      "a: 1\n---\nb: 2",
      "A second document begins here, with “---”. A file holds one: make a file of each."
    ), ("", "The file is empty."),
    ("<<: {a: 1}", "Merge keys (\"<<\") are not read. Write the fields out."),
    ("? [a]\n: 1", "A key must be a word, not a list or an object."),
    ("a: !!binary aGk=", "The tag tag:yaml.org,2002:binary is not read. Leave it out."),
    ("a: \u{7}", "This is no YAML: control characters are not allowed."),
    ("a: *x", "This is no YAML: found undefined alias."),
  ])
  func `what is not read is told`(text: String, sentence: String) {
    #expect(read(text).problems.first?.message.hasPrefix(sentence) == true)
  }

  @Test func `a second document is told with the line where it begins`() {
    #expect(read("---\na: 1\n---\nb: 2").problems.map { [$0.line, $0.column] } == [[3, 1]])
  }

  @Test func `bytes that are no text are refused`() {
    let file = YAMLFile([0x61, 0x3a, 0x20, 0xff], name: "f.yaml")
    #expect(file.problems.map(\.description) == ["f.yaml: The file is no UTF-8 text. Save it as UTF-8."])
  }

  @Test func `a byte order mark and carriage returns make no difference`() {
    let file = YAMLFile([0xEF, 0xBB, 0xBF] + Array("a: one\r\nb: |\r\n  x\r\n  y\r\n".utf8), name: "f.yaml")
    #expect(file.json == ["a": "one", "b": "x\ny\n"])
    #expect(
      YAMLFile([0xFF, 0xFE, 0x61, 0], name: "f.yaml").problems.map(\.message) == [
        "The file is UTF-16 text. Save it as UTF-8."
      ])
  }

  @Test(arguments: ["a: 1\r\nb:\r\n\tc: 2\r\n", "a: 1\nb:\n\tc: 2\n", "b:\r\n  c: 2\r\n\td: 3\r\n"])
  func `a tab at the beginning of a line is named, whatever ends the lines`(text: String) {
    #expect(read(text).problems.first?.message.contains("spaces, not tabs") == true)
  }
}
