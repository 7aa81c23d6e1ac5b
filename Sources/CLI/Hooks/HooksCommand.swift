import ArgumentParser

/// `errand hooks`
struct HooksCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hooks", abstract: "Try webhooks on this machine, without a server.",
    subcommands: [TestHook.self, VerifyHooks.self])
}
