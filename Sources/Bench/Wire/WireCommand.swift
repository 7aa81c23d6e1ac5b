import ArgumentParser
import Primitives

struct WireCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wire",
    abstract: "What the wire API costs: turns, appends, streams, first tokens, waiting sessions.",
    discussion: """
      Prints, from one run on one machine: what Errand adds to a turn of a model that answers at once; events
      appended per second over HTTP; events delivered to many streams; the time to the first token while the
      sandbox and a repository are made beside it, and after they are made; what waiting sessions cost. Build
      with “swift build -c release” first.

      EXAMPLES
        errand-bench wire
        errand-bench wire --streams 200 --waiting 1000
      """)

  @Option(help: "Turns of the measurement of turns.")
  var turns = 300

  @Option(help: "Requests of the measurement of appends.")
  var appends = 5_000

  @Option(help: "Streams that follow one session.")
  var streams = 1_000

  @Option(help: "Sessions of the measurement of first tokens.")
  var sessions = 30

  @Option(help: "Sessions that wait for somebody's answer.")
  var waiting = 10_000

  @Option(help: "Where to make the data directory: the disk that counts.")
  var data = "/tmp"

  @Option(help: "The errand program; by default the one beside this program.")
  var errand: String?

  func run() async throws {
    let bench = try WireBench(
      program: errand ?? Programs.beside("errand"),
      folder: "\(data)/errand-wire-\(Hex.encode(Randomness.system.bytes(6)))")
    defer { bench.remove() }
    try await bench.turns(turns)
    try await bench.appendsAndStreams(appends, streams)
    try await bench.firstTokens(sessions)
    try await bench.waiting(waiting)
  }
}
