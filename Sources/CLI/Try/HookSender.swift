import HTTPClient
import JSON
import Primitives
import Signatures

/// Somebody else's system that tells Errand of what happened there, signed as that system signs.
struct HookSender: Sendable {
  /// `…/hooks/desk`
  let url: String
  let client = HTTPClient(userAgent: "stand-in")

  struct Answer: Sendable {
    var status: Int
    /// Null when it is no JSON.
    var body: JSON
    var took: Duration

    /// What the answer says to a person.
    var words: String {
      let message = body["error"]?["message"]?.stringValue ?? ""
      let code = body["error"]?["details"]?["error_code"]?.stringValue.map { " (\($0))" } ?? ""
      return "\(status)\(code)\(message.isEmpty ? "" : ": \(message.onOneLine)")"
    }
  }

  private func post(_ body: [UInt8], _ headers: [(name: String, value: String)]) async throws -> Answer {
    let begun = ContinuousClock.now
    let response = try await client.send(
      HTTPClient.Request(method: "POST", url: url, headers: headers, body: body))
    // An empty answer is one too.
    let answer = (try? JSON(parsing: response.body)) ?? .null
    return Answer(status: response.status, body: answer, took: ContinuousClock.now - begun)
  }

  /// An event of the desk, as Standard Webhooks says.
  /// - Parameter id: the same for repeats of one event.
  func send(_ event: JSON, id: String, secret: String) async throws -> Answer {
    let body = event.bytes
    let seconds = Time.system.now().seconds
    let signature = try StandardWebhooks(secrets: [secret]).sign(id: id, timestamp: seconds, body: body)
    return try await post(
      body,
      [
        (name: "content-type", value: "application/json"), (name: StandardWebhooks.idHeader, value: id),
        (name: StandardWebhooks.timestampHeader, value: String(seconds)),
        (name: StandardWebhooks.signatureHeader, value: signature),
      ])
  }

  /// A slash command, as Slack sends it: a form.
  func send(command fields: [(name: String, value: String)], secret: String) async throws -> Answer {
    let text = fields.map { "\(HookSender.formEncoded($0.name))=\(HookSender.formEncoded($0.value))" }
      .joined(separator: "&")
    let body = Array(text.utf8)
    let seconds = Time.system.now().seconds
    return try await post(
      body,
      [
        (name: "content-type", value: "application/x-www-form-urlencoded"),
        (name: "x-slack-request-timestamp", value: String(seconds)),
        (
          name: "x-slack-signature",
          value: try SlackSignature(secrets: [secret]).sign(timestamp: seconds, body: body)
        ),
      ])
  }

  /// An event of GitHub's.
  /// - Parameter delivery: its GUID, the same for repeats.
  func send(gitHub event: String, _ payload: JSON, delivery: String, secret: String) async throws -> Answer {
    let body = payload.bytes
    return try await post(
      body,
      [
        (name: "content-type", value: "application/json"), (name: "x-github-event", value: event),
        (name: "x-github-delivery", value: delivery), (name: "x-github-hook-id", value: "1"),
        (name: "x-hub-signature-256", value: try GitHubSignature(secrets: [secret]).sign(body)),
      ])
  }

  /// As browsers encode forms: a space is a plus.
  private static func formEncoded(_ text: String) -> String {
    text.utf8.map { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: String(UnicodeScalar(byte))
      case 0x20: "+"
      default: "%" + Hex.encode([byte]).uppercased()
      }
    }.joined()
  }
}
