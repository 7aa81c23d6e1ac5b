import ArgumentParser
import Primitives

struct SchedulesBenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedules",
    abstract: "What schedules cost: the next time of an expression, and a million of them in one database.",
    discussion: """
      Prints the time of a search for each of forty expressions; then, with a database of many schedules, start-up, \
      memory, idle CPU, how long many schedules of one second take until all are enqueued, and how late each is when \
      as many come in a minute. Build with “swift build -c release” first.

      EXAMPLES
        errand-bench schedules
        errand-bench schedules --schedules 100000 --due 1000 --data /var/tmp
        errand-bench schedules --schedules 0      expressions only
      """)

  @Option(help: "Schedules in the database; 0 measures expressions only.")
  var schedules = 1_000_000
  @Option(help: "How many of them are due in one second, and then in one minute.")
  var due = 10_000
  @Option(help: "Where to make the data directory: the disk that counts.")
  var data = "/tmp"
  @Option(help: "The errand program; by default the one beside this program.")
  var errand: String?

  func validate() throws {
    if schedules < 0 || due < 1 || (schedules > 0 && due > schedules) {
      throw ValidationError("--due must be at least 1 and at most --schedules.")
    }
  }

  func run() async throws {
    try ExpressionBench.run()
    guard schedules > 0 else { return }
    let bench = try CrowdBench(
      program: errand ?? Programs.beside("errand"), count: schedules, due: due,
      folder: "\(data)/errand-schedules-\(Hex.encode(Randomness.system.bytes(6)))")
    defer { bench.remove() }
    try await bench.run()
  }
}
