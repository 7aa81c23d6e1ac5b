import Testing

@testable import Reading

@Suite("The nearest name")
struct NearestTests {
  @Test(arguments: [
    ("triger", "triggers"), ("enviroment", "environment"), ("agnet", "agent"), ("Limits", "limits"),
    ("imput", "input"),
  ])
  func `a misspelt word finds its like`(word: String, meant: String) {
    let words = ["name", "agent", "environment", "triggers", "input", "outcome", "limits", "callbacks"]
    #expect(Nearest.to(word, among: words) == meant)
  }

  @Test(arguments: ["zebra", "on", "schedule"])
  func `a word unlike all others finds none`(word: String) {
    #expect(Nearest.to(word, among: ["name", "agent", "environment"]) == nil)
    #expect(Nearest.hint(word, among: ["name", "agent", "environment"]) == "")
  }

  @Test func `a shown text is short and on one line`() {
    #expect(quoted("a\n\"b\"\u{1}") == "\"a\\n\\\"b\\\"\u{FFFD}\"")
    #expect(quoted(String(repeating: "x", count: 100)).count == 83)
  }

  @Test func `a path reads like one`() {
    let path = FieldPath.root.key("tools").index(0).key("input_schema").key("a b").key("c")
    #expect(path.description == "tools[0].input_schema[\"a b\"].c")
    #expect(path.below(.root.key("tools").index(0).key("input_schema"))?.description == "[\"a b\"].c")
    #expect(path.below(.root.key("name")) == nil)
  }
}
