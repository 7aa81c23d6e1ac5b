import Primitives
import Signatures
import StandIns

/// Everybody the server of a story speaks to, on this machine: no key and no network is needed.
struct Props: Sendable {
  /// What the two sides share, made anew each time.
  struct Secrets: Sendable {
    let desk: String
    let callback: String
    let slack: String
    let gitHub: String
    /// With which repositories are cloned and pull requests opened.
    let gitHubToken: String

    init(_ randomness: Randomness = .system) {
      desk = StandardWebhooks.newSecret(randomness)
      callback = StandardWebhooks.newSecret(randomness)
      slack = Hex.encode(randomness.bytes(16))
      gitHub = Hex.encode(randomness.bytes(16))
      gitHubToken = "ghs_" + Hex.encode(randomness.bytes(20))
    }
  }

  let secrets: Secrets
  /// The application that takes the briefs.
  let receiver: CallbackReceiver
  let slack: SlackStandIn
  let gitHub: GitHubStandIn

  static func start(_ narrator: Narrator) throws -> Props {
    let secrets = Secrets()
    let props = Props(
      secrets: secrets, receiver: try CallbackReceiver.start(secret: secrets.callback),
      slack: try SlackStandIn.start(), gitHub: try GitHubStandIn.start(token: secrets.gitHubToken))
    narrator.tell(
      "stand-ins",
      "of an application (\(props.receiver.url)), GitHub (\(props.gitHub.url)) and Slack (\(props.slack.host))",
      wraps: true)
    return props
  }

  func stop() async {
    await receiver.stop()
    await slack.stop()
    await gitHub.stop()
  }

  /// What the job and source files refer to.
  func variables(_ folder: TryFolder) -> [String: String] {
    [
      "BRIEFS_DIR": folder.briefs, "CALLBACK_URL": receiver.url, "CALLBACK_SECRET": secrets.callback,
      "DESK_SECRET": secrets.desk, "SLACK_SIGNING_SECRET": secrets.slack,
      "GITHUB_WEBHOOK_SECRET": secrets.gitHub, "GITHUB_TOKEN": secrets.gitHubToken,
      // What the operator of a GitHub Enterprise Server or of local repositories sets, too.
      "GITHUB_API_URL": gitHub.url, "ERRAND_LOCAL_REPOSITORIES": folder.remotes,
    ]
  }
}
