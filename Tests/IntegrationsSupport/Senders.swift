import Crypto
import Foundation
package import Hooks
package import JSON
package import PathSupport
package import Primitives
import Signatures

extension Path {
  /// What a request that is no handshake came to.
  package func take(_ source: String, _ request: HookRequest) async throws -> HookAnswer {
    guard let answer = try await hooks.receive(source, request).answer else {
      throw Missing("an answer of the source \(source)")
    }
    return answer
  }
}

extension HookAnswer {
  /// What a job made of it.
  package func of(_ job: String) -> Fired? { firings.first { $0.job == job } }
}

/// Recorded requests of GitHub and Slack, their bytes and headers as they came.
package enum Sample {
  /// When they were signed: 2026-09-21T14:13:20Z.
  package static let time = Timestamp(seconds: 1_790_000_000)
  package static let githubSecret = "gh-sample-secret-0001"
  package static let slackSecret = "8c6f2b1d0e9a47c5b3d1f7e2a4c6d8e0"

  package static func bytes(_ name: String) throws -> [UInt8] {
    guard let file = Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Fixtures") else {
      throw Missing("a fixture \(name)")
    }
    return Array(try Data(contentsOf: file))
  }

  /// - Parameter name: with its ending: `github-ping.json`.
  package static func request(_ name: String) throws -> HookRequest {
    let stem = name.prefix { $0 != "." }
    let lines = String(decoding: try bytes("\(stem).headers"), as: UTF8.self).split(
      whereSeparator: \.isNewline)
    let fields = lines.dropFirst().compactMap { line -> (String, String)? in
      let parts = line.split(separator: ":", maxSplits: 1)
      return parts.count == 2 ? (String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces)) : nil
    }
    return HookRequest(headers: SignatureHeaders(fields), body: try bytes(name))
  }

  package static func json(_ name: String) throws -> JSON { try JSON(parsing: bytes(name)) }
}

/// Makes requests as GitHub does.
package enum GitHubRequest {
  package static func make(
    _ event: String, _ body: [UInt8], delivery: String = "d-1", hook: String? = "42",
    type: String = "application/json", secret: String = Sample.githubSecret
  ) -> HookRequest {
    let code = HMAC<SHA256>.authenticationCode(for: body, using: SymmetricKey(data: Array(secret.utf8)))
    var fields = [
      ("X-GitHub-Event", event), ("X-GitHub-Delivery", delivery), ("Content-Type", type),
      ("X-Hub-Signature-256", "sha256=" + Hex.encode(code)),
    ]
    if let hook { fields.append(("X-GitHub-Hook-ID", hook)) }
    return HookRequest(headers: SignatureHeaders(fields), body: body)
  }
}

/// Makes requests as Slack does.
package enum SlackRequest {
  package static func make(
    _ body: [UInt8], form: Bool = false, at time: Timestamp = Sample.time, retry: Int? = nil
  ) -> HookRequest {
    let key = SymmetricKey(data: Array(Sample.slackSecret.utf8))
    let code = HMAC<SHA256>.authenticationCode(for: Array("v0:\(time.seconds):".utf8) + body, using: key)
    var fields = [
      ("X-Slack-Request-Timestamp", "\(time.seconds)"), ("X-Slack-Signature", "v0=" + Hex.encode(code)),
      ("Content-Type", form ? "application/x-www-form-urlencoded" : "application/json"),
    ]
    if let retry {
      fields += [("X-Slack-Retry-Num", "\(retry)"), ("X-Slack-Retry-Reason", "http_timeout")]
    }
    return HookRequest(headers: SignatureHeaders(fields), body: body)
  }

  package static func event(_ event: JSON, id: String = "Ev1") -> HookRequest {
    let body: JSON = [
      "type": "event_callback", "event_id": .string(id), "team_id": "T1", "event": event,
      "authorizations": [["user_id": "U0ERRANDBT", "is_bot": true]],
    ]
    return make(body.bytes)
  }
}
