import ArgumentParser

/// `errand hooks`
struct HooksCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hooks", abstract: "Try webhooks on this machine, without a server.",
    discussion: """
      EXAMPLES:
        errand hooks test issue.json --source github --jobs Jobs
        errand hooks verify --batch < requests.jsonl
      """,
    subcommands: [TestHook.self, VerifyHooks.self])
}
