import Crypto
import JSON
import Primitives

/// GitHub as a sender: an issue with the label `bug`, in a body as large as theirs are.
struct GitHubSender: Sendable {
  let secret: String

  init(_ randomness: Randomness = .system) {
    secret = Hex.encode(randomness.bytes(20))
  }

  /// A body of about 9.8 KB.
  static func issue(number: Int, repository: String = "example-corp/billing-api") -> JSON {
    let owner = "https://api.example.com/users/dev-one"
    let links = ["url", "html_url", "followers_url", "gists_url", "repos_url", "events_url", "keys_url"]
    func linked(_ object: JSON.Object, _ root: String, _ names: [String]) -> JSON {
      var object = object
      for name in names { object[name] = .string("\(root)/\(name)") }
      return .object(object)
    }
    let user = linked(["login": "dev-one", "id": 90_000_002, "type": "User"], owner, links)
    let place = "https://api.example.com/repos/\(repository)"
    let issue = linked(
      [
        "number": .integer(Int64(number)), "title": "The total drops its second decimal", "user": user,
        "labels": [
          ["id": 1, "name": "bug", "color": "d73a4a"], ["id": 2, "name": "errand", "color": "0e8a16"],
        ],
        "state": "open", "author_association": "MEMBER",
        "body": .string(String(repeating: "The invoice says 12.5 where it should say 12.50. ", count: 40)),
      ], "\(place)/issues/\(number)", links)
    let more = (0..<45).map { "resource_\($0)_url" }
    let whole = linked(
      ["full_name": .string(repository), "owner": user, "private": true, "default_branch": "main"], place,
      more)
    return ["action": "opened", "issue": issue, "repository": whole, "sender": user]
  }

  func headers(id: String, body: [UInt8]) -> [(name: String, value: String)] {
    let code = HMAC<SHA256>.authenticationCode(for: body, using: SymmetricKey(data: Array(secret.utf8)))
    return [
      (name: "Content-Type", value: "application/json"), (name: "X-GitHub-Event", value: "issues"),
      (name: "X-GitHub-Delivery", value: id), (name: "X-GitHub-Hook-ID", value: "480000001"),
      (name: "X-Hub-Signature-256", value: "sha256=" + Hex.encode(code)),
    ]
  }
}

/// Slack as a sender of slash commands.
struct SlackSender: Sendable {
  let secret: String

  init(_ randomness: Randomness = .system) {
    secret = Hex.encode(randomness.bytes(16))
  }

  /// - Parameter responseURL: where the answer belongs; without signs that forms have to escape, but `:` and `/`.
  static func command(
    number: Int, responseURL: String = "https://hooks.slack.com/commands/T0BENCH/1/abcdefghijklmnop"
  ) -> [UInt8] {
    let escaped = responseURL.replacing(":", with: "%3A").replacing("/", with: "%2F")
    return Array(
      ("token=legacy&team_id=T0BENCH&team_domain=bench&channel_id=C0BENCH&channel_name=errands&user_id=U0BENCH"
        + "&user_name=dev.one&command=%2Ferrand&text=make+a+table+of+all+invoices+over+2%E2%82%AC"
        + "&api_app_id=A0BENCH&is_enterprise_install=false"
        + "&response_url=\(escaped)"
        + "&trigger_id=\(number).1111111111.0123456789abcdef0123456789abcdef").utf8)
  }

  func headers(body: [UInt8], now: Timestamp) -> [(name: String, value: String)] {
    let key = SymmetricKey(data: Array(secret.utf8))
    let code = HMAC<SHA256>.authenticationCode(for: Array("v0:\(now.seconds):".utf8) + body, using: key)
    return [
      (name: "Content-Type", value: "application/x-www-form-urlencoded"),
      (name: "X-Slack-Request-Timestamp", value: String(now.seconds)),
      (name: "X-Slack-Signature", value: "v0=" + Hex.encode(code)),
    ]
  }
}
