import Foundation
import Integrations
import IntegrationsSupport
import JSON
import PathSupport
import Primitives
import Signatures
import TestSupport
import Testing

@testable import Hooks
@testable import Jobs

@Suite(.timeLimit(.minutes(5))) struct SignatureCaseTests {
  private static func lines() throws -> [[UInt8]] {
    try Sample.bytes("webhook-signatures.jsonl").split(separator: 0x0A).map(Array.init)
  }

  @Test func `every case is judged as other implementations do`() throws {
    let lines = try Self.lines()
    #expect(lines.count == 146)
    for line in lines {
      let expected = try JSON(parsing: line)
      let verdict = SignatureCase.judge(line)
      #expect(verdict["verdict"] == expected["expect"], "\(expected["id"] ?? "") \(verdict)")
      #expect(verdict["reason"]?.stringValue?.isEmpty == false)
    }
  }

  @Test(arguments: [
    ("nonsense", "The JSON text is wrong"), ("[]", "The line is no case"), ("{}", "The line is no case"),
    (
      #"{"scheme":"githab","secret":"s","headers":{},"body_base64":"","now_unix":1}"#,
      "There is no scheme \"githab\""
    ),
    (#"{"scheme":"sentry","secret":"","headers":{},"body_base64":"","now_unix":1}"#, "Secret 1 is empty"),
    (
      #"{"scheme":"sentry","secret":"s","headers":{"Sentry-Hook-Signature":["a","a"]},"body_base64":"","now_unix":1}"#,
      "The header Sentry-Hook-Signature comes more than once"
    ),
  ])
  func `what cannot be judged is rejected with a sentence`(line: String, reason: String) {
    let verdict = SignatureCase.judge(Array(line.utf8))
    #expect(verdict["verdict"] == "reject")
    #expect(verdict["reason"]?.stringValue?.hasPrefix(reason) == true)
  }

  /// The sources themselves, from the stored file to the refusal.
  @Test(arguments: [
    ("github", ["github-sha256"]), ("slack", ["slack-v0"]),
    ("generic", ["standard-webhooks-v1", "standard-webhooks-v1a", "gitlab-signed"]),
  ])
  func `the sources accept and refuse every case of their scheme`(kind: String, schemes: [String])
    async throws
  {
    let cases = try Self.lines().map { try JSON(parsing: $0) }
      .filter { schemes.contains($0["scheme"]?.stringValue ?? "") }
    #expect(cases.count >= 22)
    try await withPath(environment: ["SECRET": "whsec_AAAA"]) { path in
      try await path.apply(
        sources: [["name": "vector", "kind": .string(kind), "secret": "${env:SECRET}"]])
      for vector in cases {
        let secret = try #require(vector["secret"]?.stringValue)
        let clock = ManualTime(Timestamp(seconds: try #require(vector["now_unix"]?.integerValue)))
        let hooks = Hooks(
          kinds: Integrations.sources, database: path.database, jobs: path.jobs, runs: path.runs,
          secrets: Secrets(environment: ["SECRET": secret]), time: clock.time, log: Path.log)
        let headers = try #require(vector["headers"]?.objectValue).map {
          ($0.key, $0.value.stringValue ?? "")
        }
        let body = try #require(vector["body_base64"]?.stringValue.flatMap(Base64.decode))
        var isAccepted = true
        do {
          _ = try await hooks.receive(
            "vector", HookRequest(headers: SignatureHeaders(headers), body: body))
        } catch HookRefusal.unverified, HookRefusal.misconfigured {
          isAccepted = false
        } catch HookRefusal.unreadable {
          // Genuine, but the body of many cases is no event.
        }
        #expect(isAccepted == (vector["expect"] == "accept"), "\(vector["id"] ?? "")")
      }
    }
  }
}
