import Foundation
import JSON
import Primitives
import Signatures
import Testing

/// Cases with real and forged signatures, checked by other implementations than ours.
@Suite struct VectorTests {
  @Test(arguments: Vector.all)
  func `a request is taken or refused as other implementations do`(vector: Vector) throws {
    let scheme = try vector.makeScheme()
    var refusal: SignatureRefusal?
    do throws(SignatureRefusal) {
      try scheme.verify(headers: vector.headers, body: vector.body, now: vector.now)
    } catch {
      refusal = error
    }
    #expect((refusal == nil) == vector.isAccepted, "\(vector.reason): \(refusal?.description ?? "accepted")")
  }

  @Test(arguments: Vector.all.filter(\.isAccepted))
  func `one flipped bit of a signed body is refused`(vector: Vector) throws {
    guard !vector.body.isEmpty, !["gitlab-token", "http-bearer"].contains(vector.scheme) else { return }
    let scheme = try vector.makeScheme()
    for place in [0, vector.body.count / 2, vector.body.count - 1] {
      var body = vector.body
      body[place] ^= 1
      #expect(throws: SignatureRefusal.self) {
        try scheme.verify(headers: vector.headers, body: body, now: vector.now)
      }
    }
  }

  @Test(arguments: Vector.all.filter(\.isAccepted))
  func `the proof is refused when it comes twice, even with the same value`(vector: Vector) throws {
    let scheme = try vector.makeScheme()
    let proof = try #require(Vector.proofHeader[vector.scheme])
    let value = try #require(vector.headers[proof].first)
    let doubled = SignatureHeaders(vector.fields + [(proof.uppercased(), value)])
    #expect(throws: SignatureRefusal.repeatedHeader(proof)) {
      try scheme.verify(headers: doubled, body: vector.body, now: vector.now)
    }
  }

  @Test func `all schemes have cases of both kinds`() {
    #expect(Vector.all.count == 146)
    for scheme in Vector.proofHeader.keys {
      #expect(Set(Vector.all.filter { $0.scheme == scheme }.map(\.isAccepted)) == [true, false])
    }
  }
}

/// One line of the fixture.
struct Vector: Sendable, CustomTestStringConvertible {
  let id: String
  let scheme: String
  let secret: String
  let fields: [(String, String)]
  let body: [UInt8]
  let now: Timestamp
  let isAccepted: Bool
  let reason: String

  var testDescription: String { id }
  var headers: SignatureHeaders { SignatureHeaders(fields) }

  static let proofHeader = [
    "github-sha256": "X-Hub-Signature-256", "sentry": "Sentry-Hook-Signature",
    "slack-v0": "X-Slack-Signature",
    "teams-outgoing": "Authorization", "linear": "Linear-Signature", "pagerduty-v3": "X-PagerDuty-Signature",
    "gitlab-token": "X-Gitlab-Token", "gitlab-signed": "webhook-signature", "http-bearer": "Authorization",
    "standard-webhooks-v1": "webhook-signature", "standard-webhooks-v1a": "webhook-signature",
  ]

  static let all: [Vector] = {
    do {
      let file = try #require(
        Bundle.module.url(
          forResource: "webhook-signatures", withExtension: "jsonl", subdirectory: "Fixtures"))
      return try Data(contentsOf: file).split(separator: 0x0A).map { try Vector(JSON(parsing: $0)) }
    } catch {
      Issue.record(error)
      return []
    }
  }()

  init(_ line: JSON) throws {
    id = try #require(line["id"]?.stringValue)
    scheme = try #require(line["scheme"]?.stringValue)
    secret = try #require(line["secret"]?.stringValue)
    fields = try #require(line["headers"]?.objectValue).map { ($0.key, $0.value.stringValue ?? "") }
    body = try #require(line["body_base64"]?.stringValue.flatMap(Base64.decode))
    now = Timestamp(seconds: try #require(line["now_unix"]?.integerValue))
    isAccepted = line["expect"] == "accept"
    reason = line["reason"]?.stringValue ?? ""
  }

  func makeScheme() throws -> any SignatureScheme {
    switch scheme {
    case "github-sha256": try GitHubSignature(secrets: [secret])
    case "sentry": try SentrySignature(secrets: [secret])
    case "slack-v0": try SlackSignature(secrets: [secret])
    case "teams-outgoing": try TeamsSignature(secrets: [secret])
    case "linear": try LinearSignature(secrets: [secret])
    case "pagerduty-v3": try PagerDutySignature(secrets: [secret])
    case "gitlab-token": try SharedToken(secrets: [secret], in: .gitlab)
    case "http-bearer": try SharedToken(secrets: [secret], in: .bearer)
    case "gitlab-signed", "standard-webhooks-v1", "standard-webhooks-v1a":
      try StandardWebhooks(secrets: [secret])
    default: throw UnknownScheme(name: scheme)
    }
  }

  struct UnknownScheme: Error {
    let name: String
  }
}
