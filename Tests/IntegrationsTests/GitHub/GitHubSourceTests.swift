import Foundation
import Hooks
import IntegrationsSupport
import JSON
import Jobs
import Testing

@testable import Integrations

@Suite struct GitHubSourceTests {
  private static func source(_ settings: JSON.Object = [:]) throws -> GitHubSource {
    try GitHubSource(
      settings: .object(
        JSON.Object(uniqueKeysWithValues: [("secret", .string(Sample.githubSecret))]).merging(settings)))
  }

  private static func read(_ request: HookRequest, _ settings: JSON.Object = [:]) throws -> Reading {
    guard case .occurrence(let reading) = try source(settings).read(request) else {
      throw HookRefusal.unreadable(problem: "It was a handshake.")
    }
    return reading
  }

  @Test(arguments: [
    ("github-issues-opened.json", "issues.opened", "dev-one-example", Lane.member),
    ("github-issue-comment.json", "issue_comment.created", "dev-two-example", .member),
    ("github-check-run-failed.json", "check_run.completed", "dev-one-example", .outside),
    ("github-pull-request-review.json", "pull_request_review.submitted", "dev-two-example", .member),
  ])
  func `a sample is verified and read`(name: String, type: String, login: String, lane: Lane) throws {
    let request = try Sample.request(name)
    #expect(throws: Never.self) { try Self.source().verify(request, now: Sample.time) }
    let reading = try Self.read(request)
    #expect(reading.type == type)
    #expect(reading.actor == Actor(name: login, lane: lane))
    #expect(reading.dedupeKey.hasPrefix("480000001/0b6f7a10-b6f2-11f0-8a52-2f1c6b0d9e0"))
    #expect(reading.headers["x-github-event"] != nil)
    #expect(reading.headers["x-hub-signature-256"] == nil)
    #expect(try reading.body == Sample.json(name))
  }

  @Test func `a ping is answered and is nothing that happened`() throws {
    let purpose = try Self.source().read(Sample.request("github-ping.json"))
    #expect(purpose == .handshake(.json(["ping": "received"])))
  }

  @Test func `a form's payload is the same as JSON`() throws {
    let json = try Sample.bytes("github-issues-opened.json")
    let text = String(decoding: json, as: UTF8.self)
    let escaped = try #require(text.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
    let reading = try Self.read(
      GitHubRequest.make(
        "issues", Array("payload=\(escaped)".utf8), type: "application/x-www-form-urlencoded; charset=utf-8"))
    #expect(reading.type == "issues.opened")
    #expect(try reading.body == JSON(parsing: json))
  }

  @Test func `an event at two hooks is two, and the same one again is one`() throws {
    let body = Array("{}".utf8)
    #expect(try Self.read(GitHubRequest.make("push", body, delivery: "g", hook: "1")).dedupeKey == "1/g")
    #expect(try Self.read(GitHubRequest.make("push", body, delivery: "g", hook: "2")).dedupeKey == "2/g")
    #expect(try Self.read(GitHubRequest.make("push", body, delivery: "g", hook: nil)).dedupeKey == "-/g")
  }

  @Test(arguments: [
    (#"{"action": "opened"}"#, "issues.opened"), ("{}", "issues"), (#"{"action": 5}"#, "issues"),
    (#"{"action": "a b\u0000"}"#, "issues"), (#"{"action": ""}"#, "issues"),
  ])
  func `a type is the event with its action`(body: String, type: String) throws {
    #expect(try Self.read(GitHubRequest.make("issues", Array(body.utf8))).type == type)
  }

  @Test(arguments: [
    ("", "issues", "d"), ("[]", "issues", "d"), (#"{"a": 1, "a": 2}"#, "issues", "d"),
    ("{\"a\": \"\u{1}\"}", "issues", "d"), (String(repeating: #"{"a":"#, count: 5000), "issues", "d"),
    ("{}", "", "d"), ("{}", "issues\n", "d"), ("{}", "issues", ""),
    ("{}", "issues", String(repeating: "d", count: 65)),
  ])
  func `a strange request is refused`(body: String, event: String, delivery: String) {
    #expect {
      _ = try Self.read(GitHubRequest.make(event, Array(body.utf8), delivery: delivery))
    } throws: { error in
      (error as? HookRefusal)?.code == "unreadable"
    }
  }

  @Test func `a byte order mark in front is none of the text`() throws {
    let reading = try Self.read(GitHubRequest.make("issues", Array("\u{FEFF}{\"issue\": {}}".utf8)))
    #expect(reading.body == ["issue": [:]])
  }
}
