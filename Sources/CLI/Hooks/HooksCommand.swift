import ArgumentParser

/// `errand hooks`
struct HooksCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hooks", abstract: "Try webhooks on this machine, and look at what a server received.",
    discussion: """
      EXAMPLES:
        errand hooks test issue.json --source github --jobs Jobs
        errand hooks verify --batch < requests.jsonl
        errand hooks receipts --state refused
      """,
    subcommands: [TestHook.self, VerifyHooks.self, ListReceipts.self, ReplayReceipt.self])
}
