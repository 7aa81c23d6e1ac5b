import Primitives
import Signatures
import Testing

/// What is signed here as senders do, for stand-ins.
@Suite struct SigningTests {
  @Test func `GitHub's published example comes out`() throws {
    let scheme = try GitHubSignature(secrets: ["It's a Secret to Everybody"])
    #expect(
      scheme.sign(Array("Hello, World!".utf8))
        == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")
  }

  @Test func `what is signed as Slack does verifies, for five minutes`() throws {
    let scheme = try SlackSignature(secrets: ["8f742231b10e8888abcd99yyyzzz85a5"])
    let body = Array("command=%2Ferrand&text=a+b".utf8)
    let headers = SignatureHeaders([
      ("X-Slack-Request-Timestamp", "1531420618"),
      ("X-Slack-Signature", scheme.sign(timestamp: 1_531_420_618, body: body)),
    ])
    try scheme.verify(headers: headers, body: body, now: Timestamp(seconds: 1_531_420_618 + 300))
    #expect(throws: SignatureRefusal.self) {
      try scheme.verify(headers: headers, body: body, now: Timestamp(seconds: 1_531_420_618 + 301))
    }
    #expect(throws: SignatureRefusal.self) {
      try scheme.verify(headers: headers, body: body + [0x20], now: Timestamp(seconds: 1_531_420_618))
    }
  }
}
