import Callbacks
import Catalog
import HTTPClient
import JSON
import Jobs
import Outbox
import Primitives
import Reading

/// An answer to whoever asked in Slack, at the `response_url` that came with the request: at most 5 within 30
/// minutes, for nobody but Slack (https://docs.slack.dev/interactivity/handling-user-interaction).
///
/// The address needs no token and came over the network. So it is posted to only when its host is Slack's or
/// one that the job's author lists, and it is shown nowhere: who has it can post.
struct SlackTarget: SuppliedTarget {
  static let name = "slack"
  static let shape: KindShape = {
    var shape = KindShape(
      name: name,
      fields: [
        FieldShape("response_url", .text), FieldShape("text", .text),
        FieldShape("response_type", .choice(["ephemeral", "in_channel"])),
        FieldShape("allowed_hosts", .texts),
      ], templates: ["response_url", "text"],
      // Empty when the run was not set off from Slack.
      defaults: [
        "response_url": "{{#trigger.body}}{{#response_url}}{{.}}{{/response_url}}{{/trigger.body}}"
      ],
      check: { problems(of: $0) })
    shape.credentials = ["response_url"]
    return shape
  }()

  /// The operator writes Slack's markup; a value is shown as it is.
  static func written(_ outside: String, in setting: String) -> String {
    setting == "text" ? SlackMarkup.escaped(outside) : outside
  }

  /// How long Slack may take.
  static let timeout = Duration.seconds(20)
  /// How long and how often an address works.
  static let lifetime = Duration.seconds(30 * 60)
  static let uses = 5
  /// All five uses fit into the half hour.
  static let delays: [Duration] = [.seconds(3), .seconds(20), .seconds(120), .seconds(480)]

  private let client: HTTPClient
  private let links: FileLinks
  private let time: Time

  init(_ supplies: Supplies) {
    client = supplies.client
    links = supplies.links
    time = supplies.time
  }

  func plan(for delivery: Delivery) -> RetryPlan {
    RetryPlan(delays: SlackTarget.delays, end: SlackTarget.deadline(of: delivery))
  }

  /// What is wrong with an address that stands in the file, where none need be.
  private static func problems(of settings: JSON) -> [Problem] {
    let allowed = settings["allowed_hosts"]?.arrayValue?.compactMap(\.stringValue) ?? []
    guard let url = settings["response_url"]?.stringValue, !KindShape.isOpen(url) else { return [] }
    do {
      _ = try SlackAddress(url, allowed: allowed)
      return []
    } catch {
      return [Problem(FieldPath.root.key("response_url"), error.expectation)]
    }
  }

  /// Counted from when the request came in, which is when its run's firing was written.
  static func deadline(of delivery: Delivery) -> Timestamp? {
    delivery.payload["data"]?["trigger"]?["time"]?.stringValue.flatMap { Timestamp($0) }.map { $0 + lifetime }
  }

  func send(_ delivery: Delivery, settings: JSON) async throws -> Attempt {
    guard let text = settings["response_url"]?.stringValue, !text.isEmpty else {
      return .hopeless(
        reason: "Nobody in Slack waits for this: the run's trigger brought no response_url. Its result is in "
          + "`errand show \(delivery.run)`.")
    }
    let allowed = settings["allowed_hosts"]?.arrayValue?.compactMap(\.stringValue) ?? []
    let address: SlackAddress
    do {
      address = try SlackAddress(text, allowed: allowed)
    } catch {
      return .hopeless(reason: error.description)
    }
    if let deadline = SlackTarget.deadline(of: delivery), time.now() >= deadline {
      return .hopeless(
        reason: "The result came too late: Slack took answers for 30 minutes, until \(deadline). It is in "
          + "`errand show \(delivery.run)`.")
    }
    return await post(delivery, settings, to: address)
  }

  private func post(_ delivery: Delivery, _ settings: JSON, to address: SlackAddress) async -> Attempt {
    let now = time.now()
    let message = SlackMessage(
      delivery.payload["data"] ?? [:], introduction: settings["text"]?.stringValue,
      link: { links.link(to: $0, now: now) })
    let body: JSON = [
      "response_type": settings["response_type"] ?? "ephemeral", "text": .string(message.text),
      "unfurl_links": false,
    ]
    let request = HTTPClient.Request(
      method: "POST", url: address.url,
      headers: [(name: "content-type", value: "application/json; charset=utf-8")], body: body.bytes,
      timeout: SlackTarget.timeout, bodyLimit: 64 << 10)
    do {
      return SlackTarget.attempt(try await client.send(request), now: time.now())
    } catch let error as HTTPClientError {
      return .failed(reason: "Slack was not reached: \(error)", retryAfter: nil)
    } catch {
      return .failed(reason: "The attempt was given up before Slack answered.", retryAfter: nil)
    }
  }

  /// What an answer means.
  static func attempt(_ response: HTTPClient.Response, now: Timestamp) -> Attempt {
    // Slack answers “ok” as plain text as often as with JSON.
    let answer = try? JSON(parsing: response.body)
    let error = answer?["error"]?.stringValue.map { word in
      String(word.prefix(40).filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
    }
    let code = error.map { " (\($0))" } ?? ""
    switch response.status {
    case 200..<300:
      guard answer?["ok"]?.boolValue != false else {
        return .hopeless(reason: "Slack refused the answer\(code).")
      }
      return .delivered(receipt: ["status": .integer(Int64(response.status))])
    case 404, 410:
      let reason =
        switch error {
        case "used_url": "the response_url was used 5 times already"
        case "expired_url": "the response_url has expired; it works for 30 minutes"
        default: "the response_url is not known there"
        }
      return .hopeless(reason: "Slack took no answer: \(reason)\(code).")
    case 429, 500...:
      return .failed(
        reason: "Slack answered \(response.status)\(code).",
        retryAfter: response.headers.first("retry-after").flatMap { RetryAfter.read($0, now: now) })
    default:
      return .hopeless(reason: "Slack answered \(response.status)\(code).")
    }
  }
}
