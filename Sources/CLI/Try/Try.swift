import ArgumentParser

struct Try: AsyncParsableCommand {
  func run() async throws {}
}
