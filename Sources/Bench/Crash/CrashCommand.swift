import ArgumentParser
import Primitives

struct CrashCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crash",
    abstract: "Kill the server at random moments and look whether anything was lost or doubled.",
    discussion: """
      Schedules, webhooks, bug reports and chat posts keep firing while the server is killed with SIGKILL and \
      started again; the reports end as pull requests, the posts as answers with files. In some \
      rounds a second worker shares the data directory. The last line has the counts; the exit code is 0 only \
      when every promise held. With --schedules, many schedules of every policy fire each second instead, and the \
      ledger is held against what they name.

      EXAMPLES
        errand-bench crash --kills 200
        errand-bench crash --kills 200 --schedules 48
        errand-bench crash --kills 50 --seed 7 --keep
      """)

  @Option(help: "How often to kill the server.")
  var kills = 50

  @Option(help: "Makes the moments of the kills repeatable.")
  var seed: UInt64 = 1

  @Option(help: "Look at the ledger of so many schedules only; each names every second.")
  var schedules: Int?

  @Option(help: "The errand program; by default the one beside this program.")
  var errand: String?

  @Flag(help: "Keep the data directory and say where it is.")
  var keep = false

  func validate() throws {
    if kills < 1 { throw ValidationError("--kills must be at least 1; it is \(kills).") }
    if let schedules, !(1...900).contains(schedules) {
      throw ValidationError("--schedules must be a number from 1 to 900; it is \(schedules).")
    }
  }

  func run() async throws {
    let program = errand ?? Programs.beside("errand")
    if let schedules {
      let journey = LedgerJourney(
        program: program, schedules: schedules, randomness: .seeded(seed), log: { print($0) })
      let report = try await journey.run(kills: kills)
      try tell(report.problems, report.summary, folder: journey.folder, remove: journey.remove)
    } else {
      let journey = try CrashJourney(program: program, randomness: .seeded(seed), log: { print($0) })
      let report = try await journey.run(kills: kills)
      try tell(report.problems, report.summary, folder: journey.folder, remove: journey.remove)
    }
  }

  private func tell(_ problems: [String], _ summary: String, folder: String, remove: () -> Void) throws {
    for problem in problems { print("BROKEN: \(problem)") }
    if keep || !problems.isEmpty { print("The data is in \(folder).") } else { remove() }
    print(summary)
    if !problems.isEmpty { throw ExitCode.failure }
  }
}
