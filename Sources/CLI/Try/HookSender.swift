import HTTPClient
import JSON
import Primitives
import Signatures

/// Somebody else's system that tells Errand of what happened there, signed as Standard Webhooks says.
struct HookSender: Sendable {
  /// `…/hooks/desk`
  let url: String
  let client = HTTPClient(userAgent: "desk")

  struct Answer: Sendable {
    var status: Int
    var body: JSON

    /// What the answer says to a person.
    var words: String {
      let message = body["error"]?["message"]?.stringValue ?? ""
      let code = body["error"]?["details"]?["error_code"]?.stringValue.map { " (\($0))" } ?? ""
      return "\(status)\(code)\(message.isEmpty ? "" : ": \(message.onOneLine)")"
    }
  }

  /// - Parameter id: the same for repeats of one event.
  func send(_ event: JSON, id: String, secret: String) async throws -> Answer {
    let body = event.bytes
    let seconds = Time.system.now().seconds
    let signature = try StandardWebhooks(secrets: [secret]).sign(id: id, timestamp: seconds, body: body)
    let response = try await client.send(
      HTTPClient.Request(
        method: "POST", url: url,
        headers: [
          (name: "content-type", value: "application/json"),
          (name: StandardWebhooks.idHeader, value: id),
          (name: StandardWebhooks.timestampHeader, value: String(seconds)),
          (name: StandardWebhooks.signatureHeader, value: signature),
        ], body: body))
    return Answer(status: response.status, body: try JSON(parsing: response.body))
  }
}
