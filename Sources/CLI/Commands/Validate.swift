import ArgumentParser
import JSON
import Jobs
import Service

/// `errand validate`
struct Validate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Check job files on this machine, without a server.",
    discussion: """
      Every problem is told with its file, line and column. Exits with \(ExitCodes.badInput.rawValue) if there is one; \
      warnings change nothing.

      EXAMPLES:
        errand validate Jobs
        errand validate Jobs/daily-brief --secrets
      """)

  @Argument(help: "A folder of jobs, or of one job.")
  var path: String

  @Flag(
    help: "Also look whether every secret that is referred to is there in this environment, and can be used.")
  var secrets = false

  func run() async throws {
    let loaded = try Warnings.load(
      path, secrets: secrets ? Secrets(environment: ProcessEnvironment.all) : .none)
    let bundle = loaded.json
    let counts = ["job", "agent", "environment", "source"].compactMap { thing -> String? in
      let count = bundle["\(thing)s"]?.arrayValue?.count ?? 0
      return count == 0 ? nil : EventTeller.count(count, thing)
    }
    Say.output("\(path) is valid: \(counts.joined(separator: ", ")).")
  }
}
