import Hooks

// What in GitHub's requests is a credential by itself.
extension GitHubSource {
  static let credentials = [
    // What somebody pushed by mistake, and the webhook's own secret.
    CredentialField("alert.secret"), CredentialField("hook.config.secret"),
  ]
}
