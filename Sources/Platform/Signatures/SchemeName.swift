/// Every scheme by a name that does not change.
package enum SchemeName: String, Sendable, CaseIterable {
  case slack = "slack-v0"
  case github = "github-sha256"
  case sentry
  case teams = "teams-outgoing"
  case linear
  case pagerDuty = "pagerduty-v3"
  case gitlabToken = "gitlab-token"
  case gitlabSigned = "gitlab-signed"
  case standardWebhooks = "standard-webhooks-v1"
  case standardWebhooksPublicKey = "standard-webhooks-v1a"
  case bearer = "http-bearer"

  package func scheme(secrets: [String]) throws(SignatureError) -> any SignatureScheme {
    switch self {
    case .slack: try SlackSignature(secrets: secrets)
    case .github: try GitHubSignature(secrets: secrets)
    case .sentry: try SentrySignature(secrets: secrets)
    case .teams: try TeamsSignature(secrets: secrets)
    case .linear: try LinearSignature(secrets: secrets)
    case .pagerDuty: try PagerDutySignature(secrets: secrets)
    case .gitlabToken: try SharedToken(secrets: secrets, in: .gitlab)
    case .bearer: try SharedToken(secrets: secrets, in: .bearer)
    // What a secret begins with says which of the two it is for.
    case .gitlabSigned, .standardWebhooks, .standardWebhooksPublicKey: try StandardWebhooks(secrets: secrets)
    }
  }
}
