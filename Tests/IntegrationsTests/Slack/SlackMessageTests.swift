import Callbacks
import JSON
import Testing

@testable import Integrations

@Suite struct SlackMessageTests {
  private static func message(_ result: JSON.Object, introduction: String? = nil) -> String {
    var all: JSON.Object = ["run_id": "run_1"]
    for (key, value) in result { all[key] = value }
    return SlackMessage(.object(all), introduction: introduction, link: { _ in nil }).text
  }

  @Test(
    arguments: [
      (["state": "succeeded", "message": "Here it is."], "Here it is."),
      (["state": "succeeded", "message": nil], "Done."),
      (
        ["state": "unsatisfied", "message": "The sums are missing.", "outcome": ["iterations": 3]],
        "I tried 3 times, and it is still not as it should be.\n\nThe sums are missing.\n\n"
          + "_If you ask somebody about it, it is run run_1._"
      ),
      (
        ["state": "failed", "message": "There are no numbers.", "outcome": ["result": "failed"]],
        "Sorry, I could not do this.\n\nThere are no numbers.\n\n_If you ask somebody about it, it is run run_1._"
      ),
      (
        [
          "state": "failed", "message": "First the table.", "outcome": nil,
          "reason": "HTTP 529 overloaded_error after 5 retries",
        ],
        "Sorry, something went wrong on my side, and I could not finish this. Please try it again later.\n\n"
          + "_If you ask somebody about it, it is run run_1._"
      ),
      (
        ["state": "cancelled", "message": "First the table.", "reason": "It was cancelled over the API."],
        "Somebody stopped this before I was done.\n\n_If you ask somebody about it, it is run run_1._"
      ),
      (
        ["state": "timed_out", "message": nil],
        "This took longer than I may work on it, so I had to stop.\n\n"
          + "_If you ask somebody about it, it is run run_1._"
      ),
      (
        ["state": "capped", "message": nil],
        "This needed more than I may spend on it, so I had to stop.\n\n"
          + "_If you ask somebody about it, it is run run_1._"
      ),
    ] as [(JSON.Object, String)])
  func `every end is told as a colleague would`(result: JSON.Object, text: String) {
    #expect(Self.message(result) == text)
  }

  @Test func `without a public address the files are named only`() {
    let text = Self.message([
      "state": "unsatisfied", "outcome": ["iterations": 1],
      "files": [
        ["id": "file_1", "filename": "a<b>|c.csv", "size_bytes": 999],
        ["id": "file_2", "filename": "chart.svg", "size_bytes": 4250],
        ["id": "file_3", "filename": "all.zip", "size_bytes": 12_300_000],
      ],
    ])
    #expect(
      text.contains("This is what there is so far:\n• a&lt;b&gt;|c.csv (999 B)\n• chart.svg (4.3 kB)\n"))
    #expect(text.contains("• all.zip (12.3 MB)"))
    #expect(text.hasPrefix("I tried once, and"))
  }

  @Test func `many files are counted`() {
    let files = (1...23).map { number -> JSON in
      ["id": .string("file_\(number)"), "filename": .string("\(number).txt"), "size_bytes": 1]
    }
    let text = Self.message(["state": "succeeded", "files": .array(files)])
    #expect(text.hasSuffix("• 20.txt (1 B)\n• and 3 more"))
  }

  @Test func `a long answer is cut, and its files are still there`() {
    let long = Array(repeating: "A line of some words about the boards at the piers.", count: 200)
    let text = Self.message([
      "state": "succeeded", "message": .string(long.joined(separator: "\n")),
      "files": [["id": "file_1", "filename": "table.csv", "size_bytes": 1]],
    ])
    #expect(text.unicodeScalars.count <= SlackMessage.limit)
    #expect(text.unicodeScalars.count > SlackMessage.limit - 200)
    #expect(text.contains("more characters. The whole answer is with run run_1._"))
    #expect(text.hasSuffix("• table.csv (1 B)"))
  }
}

@Suite struct SlackMarkupTests {
  @Test(arguments: [
    ("**Piers** & <gulls>", "*Piers* &amp; &lt;gulls&gt;"), ("## Shipped\nit", "*Shipped*\nit"),
    ("#212 is fixed", "#212 is fixed"), ("# **Big**", "*Big*"), ("<!channel> look", "&lt;!channel&gt; look"),
    ("```\n# **x**\n```\n**y**", "```\n# **x**\n```\n*y*"), ("text  \n\n", "text"),
  ])
  func `Markdown becomes Slack's markup`(markdown: String, markup: String) {
    #expect(SlackMarkup.text(ofMarkdown: markdown) == markup)
  }

  private static func cut(_ text: String, _ limit: Int) -> String {
    SlackMarkup.cut(text, to: limit) { "[\($0) more]" }
  }

  @Test func `a short text stays whole`() {
    #expect(Self.cut("twelve chars", 12) == "twelve chars")
  }

  @Test func `a text is cut at a line's end, and what is missing is counted`() {
    let text = "one line\nanother line\nand a third one that is long enough to be cut away here"
    #expect(Self.cut(text, 40) == "one line\nanother line\n[\(text.count - 21) more]")
  }

  @Test func `a code block is left out whole`() {
    let text =
      "Words that come before it, some of them.\n```\n" + String(repeating: "x = 1\n", count: 40) + "```"
    let cut = Self.cut(text, 90)
    #expect(cut.hasPrefix("Words that come before it, some of them.\n["))
    #expect(!cut.contains("```"))
  }

  @Test func `a code block that is nearly everything is closed`() {
    let text = "```\n" + String(repeating: "x = 1\n", count: 40) + "```"
    let cut = Self.cut(text, 100)
    #expect(cut.hasPrefix("```\nx = 1\n"))
    #expect(cut.contains("x = 1\n```\n["))
    #expect(cut.unicodeScalars.count <= 100)
  }

  @Test func `no character and no escape is cut in two`() {
    for limit in 30...60 {
      let cut = Self.cut(String(repeating: "&amp;", count: 40), limit)
      let kept = cut.prefix { $0 != "\n" }
      #expect(kept.count.isMultiple(of: 5))
      #expect(cut.count <= limit)
      let family = Self.cut(String(repeating: "👩‍👩‍👧", count: 20), limit)
      #expect(!family.unicodeScalars.contains("\u{FFFD}"))
      #expect(family.unicodeScalars.count <= limit)
    }
  }
}
