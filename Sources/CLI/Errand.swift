import ArgumentParser
import Glibc
import Primitives
import Reading

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
        subcommands: [
          Serve.self, Try.self, Validate.self, PrintSchema.self, HooksCommand.self, CronCommand.self,
        ]),
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
      try checkCommand(arguments)
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

  /// The parser would call a misspelt command an unexpected argument, and helps with none that there is.
  static func checkCommand(_ arguments: [String]) throws(Complaint) {
    let words = arguments.first == "help" ? arguments.dropFirst() : arguments[...]
    var command: any ParsableCommand.Type = Errand.self
    for word in words {
      let known = command.configuration.subcommands
      let isHelp = word == "help" && command == Errand.self
      if word.hasPrefix("-") || isHelp || known.isEmpty { return }
      guard
        let next = known.first(where: { $0._commandName == word || $0.configuration.aliases.contains(word) })
      else {
        // A group that does something by itself may make something of the word.
        let isNear = Nearest.to(word, among: known.map { $0._commandName }) != nil
        if let own = command.configuration.defaultSubcommand, !isNear, takes(own, word) { return }
        let group = command == Errand.self ? nil : command._commandName
        throw .unknownCommand(word, of: group, known: known.map { $0._commandName })
      }
      command = next
    }
  }

  /// Whether a command takes an argument such as this word.
  private static func takes(_ command: any ParsableCommand.Type, _ word: String) -> Bool {
    do {
      _ = try command.parse([word])
      return true
    } catch {
      return false
    }
  }

  /// What the parser says of a wrong command line, to be told as every other error is; nil for what is none, such as
  /// help.
  static func parserWords(_ error: any Error) -> String? {
    let (message, prefix) = (fullMessage(for: error), "Error: ")
    return message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : nil
  }

  private static func end(with error: any Error) -> Never {
    let terminal = Terminal.errors
    guard let ending = Ending(error) else {
      guard let words = parserWords(error) else { exit(withError: error) }
      Say.notice(terminal.paint("error: ", .bad) + words.safeLines.joined(separator: "\n"))
      exit(withError: ExitCode(exitCode(for: error).rawValue))
    }
    // It may name what a stranger wrote, who knows our colours.
    for (place, line) in ending.sentence.safeLines.filter({ !$0.isEmpty }).enumerated() {
      Say.notice(place == 0 ? terminal.paint("error: ", .bad) + line : line)
    }
    if let hint = ending.hint {
      Say.notice(terminal.paint("hint:  ", .quiet) + hint.safeLines.joined(separator: "\n"))
    }
    Glibc.exit(ending.code.rawValue)
  }
}
