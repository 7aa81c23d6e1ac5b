import Primitives
import Signatures

/// Everybody the server of a story speaks to, on this machine: no key and no network is needed.
struct Props: Sendable {
  /// What the two sides share, made anew each time.
  struct Secrets: Sendable {
    let desk: String
    let callback: String
    let slack: String

    init(_ randomness: Randomness = .system) {
      desk = StandardWebhooks.newSecret(randomness)
      callback = StandardWebhooks.newSecret(randomness)
      slack = Hex.encode(randomness.bytes(16))
    }
  }

  let secrets: Secrets
  /// The application that takes the briefs.
  let receiver: CallbackReceiver
  let slack: SlackStandIn

  static func start(_ narrator: Narrator) throws -> Props {
    let secrets = Secrets()
    let props = Props(
      secrets: secrets, receiver: try CallbackReceiver.start(secret: secrets.callback),
      slack: try SlackStandIn.start())
    narrator.tell("stand-ins", "take results at \(props.receiver.url), and for Slack at \(props.slack.host)")
    return props
  }

  func stop() async {
    await receiver.stop()
    await slack.stop()
  }

  /// What the job and source files refer to.
  func variables(_ folder: TryFolder) -> [String: String] {
    [
      "BRIEFS_DIR": folder.briefs, "CALLBACK_URL": receiver.url, "CALLBACK_SECRET": secrets.callback,
      "DESK_SECRET": secrets.desk, "SLACK_SIGNING_SECRET": secrets.slack,
    ]
  }
}
