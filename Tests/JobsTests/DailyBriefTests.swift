import Foundation
import JSON
import Testing

@testable import Jobs

/// The example that everybody sees first.
@Suite("The daily brief of the gallery")
struct DailyBriefTests {
  private func load() throws -> JobBundle {
    let root = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../Jobs/daily-brief")
      .standardizedFileURL
    return try JobFolder.load(root.path, kinds: Gallery.kinds)
  }

  private func entry() throws -> JSON {
    try #require(try load().json["jobs"]?.arrayValue?.first { $0["definition"]?["name"] == "daily-brief" })
  }

  @Test(
    arguments: [
      (["kind": "schedule", "time": "t"], false), (["kind": "manual", "body": "", "time": "t"], false),
      (["kind": "webhook", "body": ["reason": "board meeting"], "time": "t"], true),
    ] as [(JSON, Bool)])
  func `its prompt is whole, whatever sets it off`(trigger: JSON, hasBody: Bool) throws {
    let files = try #require(try load().jobs.first { $0.definition["name"] == "daily-brief" }).files
    let prompt = String(decoding: try #require(files["prompt.md"]), as: UTF8.self)
    let text = try Template.render(
      prompt, context: ["trigger": trigger, "job": ["name": "daily-brief"], "firing": ["time": "now"]]
    ).text
    #expect(text.contains("ahead of its time") == hasBody)
    #expect(text.contains("board meeting") == hasBody)
    #expect(
      text.hasSuffix("This is daily-brief, set off by a \(trigger["kind"]?.stringValue ?? "") at now.\n"))
  }

  @Test func `its rehearsal forgets a heading and mends it`() throws {
    let turns = try #require(try entry()["rehearsal"]?["turns"]?.arrayValue)
    let calls = turns.flatMap { $0["tools"]?.arrayValue ?? [] }
    func input(_ tool: String) throws -> JSON {
      try #require(calls.first { $0["name"]?.stringValue == tool }?["input"])
    }
    let draft = try #require(try input("write")["content"]?.stringValue)
    let old = try #require(try input("edit")["old_string"]?.stringValue)
    let new = try #require(try input("edit")["new_string"]?.stringValue)
    #expect(draft.contains("## Shipped") && draft.contains("## Broken") && !draft.contains("## Next"))
    #expect(draft.ranges(of: old).count == 1)
    let brief = draft.replacing(old, with: new)
    #expect(brief.contains("\n## Next\n"))
    #expect(brief.split(separator: "\n", omittingEmptySubsequences: false).count - 1 == 22)
  }

  @Test func `what the rehearsed brief says is in the log`() throws {
    let entry = try entry()
    let log = try ["commits.log", "issues.md", "messages.txt"].map { name in
      let bytes = try #require(entry["files"]?["activity/\(name)"]?.stringValue)
      return String(decoding: try #require(Data(base64Encoded: bytes)), as: UTF8.self)
    }.joined()
    let rehearsal = try #require(entry["rehearsal"]).text
    let references = rehearsal.matches(of: /#2\d\d|\b[0-9a-f]{7}\b|\b\d\d:\d\d\b/).map { String($0.output) }
    #expect(references.count > 20)
    for reference in Set(references) { #expect(log.contains(reference), "\(reference)") }
  }
}
