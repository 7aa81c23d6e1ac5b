import IntegrationsSupport
import JSON
import PathSupport
import Primitives
import Runs
import Signatures
import Store
import TestSupport
import Testing

@testable import Hooks

/// Bodies as senders really send them: read, or refused with the true reason and kept.
@Suite(.timeLimit(.minutes(5))) struct ReadingTests {
  private static func taken(
    _ body: [UInt8], message: String = "id {{trigger.body.id}}", match: JSON? = nil,
    headers: [(String, String)] = []
  ) async throws -> (decision: String, message: String) {
    var taken = (decision: "", message: "")
    try await withPath { path in
      var trigger: JSON = ["webhook": "desk"]
      trigger["match"] = match
      try await path.apply(JobDefinition(message: message, triggers: [trigger]))
      let request = try HooksTests.signed(path, body, and: headers)
      let fired = try #require(try await path.take("desk", request).firings.first)
      taken = (fired.decision, fired.reason ?? "")
      if let run = fired.run { taken.message = try await path.run(run).snapshot.message }
    }
    return taken
  }

  @Test(arguments: [#"{"text":"x&payload=%7B%7D&y="}"#, " [1]", "\u{FEFF}{}", #""a&command=/errand&b=""#])
  func `JSON under the type of a form is no form`(body: String) throws {
    let form = "application/x-www-form-urlencoded"
    #expect {
      try HookBody.isForm(GitHubRequest.make("push", Array(body.utf8), type: form))
    } throws: { "\($0)".contains("says that it is a form, but it is JSON") }
    #expect(try !HookBody.isForm(GitHubRequest.make("push", Array(body.utf8))))
    #expect(try HookBody.isForm(GitHubRequest.make("push", Array("payload=%7B%7D".utf8), type: form)))
  }

  @Test(arguments: [
    "18446744073709551615", "9223372036854775808", "-9223372036854775809", "10000000000000000000000000000000",
    "12345678901234567890.125", "0.1234567890123456789012345", "1e-400",
  ])
  func `a number is matched and shown digit by digit`(number: String) async throws {
    let match: JSON = ["body": ["id": [try JSON(parsing: number, limits: .exact)]]]
    let same = try await Self.taken(Array(#"{"id":\#(number)}"#.utf8), match: match)
    #expect(same.decision == "started")
    #expect(same.message == "id \(number)")
  }

  @Test(arguments: [("18446744073709551614", "filtered"), ("18446744073709551615", "started")])
  func `ids that a float takes for the same are told apart`(id: String, decision: String) async throws {
    let equal: JSON = ["body": ["id": [try JSON(parsing: "18446744073709551615", limits: .exact)]]]
    let above: JSON = [
      "body": ["id": [["numeric": [">", try JSON(parsing: "18446744073709551614", limits: .exact)]]]]
    ]
    // As YAML reads them.
    let text: JSON = ["body": ["id": ["18446744073709551615"]]]
    let textAbove: JSON = ["body": ["id": [["numeric": [">", "18446744073709551614"]]]]]
    for match in [equal, above, text, textAbove] {
      #expect(try await Self.taken(Array(#"{"id":\#(id)}"#.utf8), match: match).decision == decision)
    }
  }

  @Test(arguments: [
    "\u{FEFF}{\"id\": \"x\"}", #"{"id": "x", "half": "\ud800"}"#, "{\r\n\"id\": \"x\"\r\n}\r\n",
  ])
  func `what senders send is read`(body: String) async throws {
    #expect(try await Self.taken(Array(body.utf8)).message.contains(">x<"))
  }

  @Test func `half of a surrogate pair becomes the replacement character`() async throws {
    let body = Array(#"{"id": "a\ud800b\udc00\ud83d\ude00\ud800\u0041"}"#.utf8)
    #expect(try await Self.taken(body).message.contains("a\u{FFFD}b\u{FFFD}😀\u{FFFD}A"))
  }

  @Test(arguments: ["### Steps\r\n\r\n1. one\r\n2. two", "a\nb", "a\rb"])
  func `a block of several lines stands on lines of its own, whatever ends them`(text: String) async throws {
    let body: JSON = ["id": .string(text)]
    let message = try await Self.taken(body.bytes).message
    #expect(message.contains(">\n\(text)\n</outside-"))
  }

  /// `{"id":"x"}`, packed.
  private static let gzip: [UInt8] = [
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xAB, 0x56, 0xCA, 0x4C, 0x51, 0xB2,
    0x52, 0xAA, 0x50, 0xAA, 0x05, 0x00, 0xBC, 0x7E, 0x53, 0x89, 0x0A, 0x00, 0x00, 0x00,
  ]

  @Test func `a packed body is proved as it was sent, and unpacked`() async throws {
    for coding in ["gzip", "GZIP", "x-gzip", "identity, gzip"] {
      #expect(
        try await Self.taken(Self.gzip, headers: [("Content-Encoding", coding)]).message.contains(">x<"))
    }
  }

  @Test(arguments: [
    ("br", "unsupported", "The body is packed as br, and only gzip or deflate is unpacked."),
    ("gzip, gzip", "unsupported", "The body is packed as gzip, gzip,"),
    ("deflate", "unreadable", "Content-Encoding says deflate, but it can't be unpacked so."),
  ])
  func `what can't be unpacked is refused with the reason`(coding: String, code: String, reason: String)
    async throws
  {
    try await withPath { path in
      try await path.apply(JobDefinition(triggers: [["webhook": "desk"]]))
      let request = try HooksTests.signed(path, Self.gzip, and: [("Content-Encoding", coding)])
      await #expect {
        _ = try await path.hooks.receive("desk", request)
      } throws: { error in
        (error as? HookRefusal)?.code == code && "\(error)".contains(reason)
      }
    }
  }
}
