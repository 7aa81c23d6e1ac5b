import ArgumentParser
import Glibc

/// The program `errand`: all its commands, and the one place where errors become sentences and exit codes.
@main
struct Errand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "errand",
    abstract: "Runs agents' errands: on a schedule, on a webhook or by hand, and brings the result back.",
    discussion: """
      EXAMPLES:
        errand try                      see the whole path at work, without a key
        errand serve --jobs Jobs        serve, with the job files of a folder
        errand run daily-brief --wait   start a job now and wait for its result

      Commands that ask a server find it at --url, $ERRAND_URL or \(ServerOptions.defaultURL), and its key in --key, \
      $ERRAND_API_KEY or the server's data directory.

      EXIT CODES:
      \(ExitCodes.table)
      """,
    version: "0.1.0",
    groupedSubcommands: [
      CommandGroup(
        name: "Local",
        subcommands: [Serve.self, Try.self, Validate.self, HooksCommand.self, CronCommand.self]),
      CommandGroup(
        name: "Job",
        subcommands: [Apply.self, ListJobs.self, SchedulesCommand.self, Backfill.self, ListFirings.self]),
      CommandGroup(
        name: "Run",
        subcommands: [
          StartRun.self, ListRuns.self, ShowRun.self, ShowLogs.self, ExplainWhy.self, CancelRun.self,
        ]),
      CommandGroup(name: "Result", subcommands: [Deliveries.self]),
      CommandGroup(
        name: "Wire API",
        subcommands: [
          AgentsCommand.self, EnvironmentsCommand.self, SessionsCommand.self, FilesCommand.self,
          KeysCommand.self,
        ]),
    ])

  static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      try checkCommand(arguments.first)
      var command = try parseAsRoot(arguments)
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      end(with: error)
    }
  }

  /// The parser would call a misspelt command an unexpected argument.
  static func checkCommand(_ word: String?) throws(Complaint) {
    guard let word, !word.hasPrefix("-"), word != "help" else { return }
    let known = configuration.groupedSubcommands.flatMap(\.subcommands).map { $0._commandName }
    if !known.contains(word) { throw .unknownCommand(word, known: known) }
  }

  private static func end(with error: any Error) -> Never {
    guard let ending = Ending(error) else { exit(withError: error) }
    let terminal = Terminal.errors
    for (place, line) in ending.sentence.split(separator: "\n").enumerated() {
      Say.notice(place == 0 ? terminal.paint("error: ", .bad) + line : String(line))
    }
    if let hint = ending.hint { Say.notice(terminal.paint("hint:  ", .quiet) + hint) }
    Glibc.exit(ending.code.rawValue)
  }
}
