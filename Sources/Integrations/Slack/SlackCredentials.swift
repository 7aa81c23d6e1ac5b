import Hooks

// What in Slack's requests is a credential by itself.
extension SlackSource {
  static let credentials = [
    // The verification token, the same for all requests of an app: who has it can pass for Slack with programs that
    // still ask for it. https://docs.slack.dev/authentication/verifying-requests-from-slack
    CredentialField("token"),
    // Whoever has one can post in somebody's chat, and the `slack` callback does.
    CredentialField("response_url", isKept: true),
    CredentialField("response_urls.*.response_url", isKept: true),
    // Opens a dialog in front of somebody.
    CredentialField("trigger_id"), CredentialField("interactivity.interactor.secret"),
    CredentialField("interactivity.interactivity_pointer"),
    CredentialField("event.interactivity.interactor.secret"),
    CredentialField("event.interactivity.interactivity_pointer"),
    // What a step of a workflow acts with.
    CredentialField("bot_access_token"), CredentialField("event.bot_access_token"),
    CredentialField("event.workflow_step.workflow_step_execute_id"),
  ]
}
