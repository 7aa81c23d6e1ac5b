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
      when every promise held.

      EXAMPLES
        errand-bench crash --kills 200
        errand-bench crash --kills 50 --seed 7 --keep
      """)

  @Option(help: "How often to kill the server.")
  var kills = 50

  @Option(help: "Makes the moments of the kills repeatable.")
  var seed: UInt64 = 1

  @Option(help: "The errand program; by default the one beside this program.")
  var errand: String?

  @Flag(help: "Keep the data directory and say where it is.")
  var keep = false

  func run() async throws {
    let journey = try CrashJourney(
      program: errand ?? Programs.beside("errand"), randomness: .seeded(seed), log: { print($0) })
    let report = try await journey.run(kills: kills)
    for problem in report.problems { print("BROKEN: \(problem)") }
    if keep || !report.problems.isEmpty {
      print("The data is in \(journey.folder).")
    } else {
      journey.remove()
    }
    print(report.summary)
    if !report.problems.isEmpty { throw ExitCode.failure }
  }
}
