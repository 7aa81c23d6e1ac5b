import ArgumentParser
import Primitives

struct PathCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "path",
    abstract: "What a webhook costs, from the request to the run's end.",
    discussion: """
      Prints, from one run on one machine: durable acknowledgements per second next to a bare HTTP server in C \
      and to what the disk needs for one durable write; the time from an acknowledgement to the session's \
      start; runs per second; memory; start-up. Build with “swift build -c release” first.

      EXAMPLES
        errand-bench path
        errand-bench path --requests 20000 --data /var/tmp
      """)

  @Option(help: "Webhooks per measurement.")
  var requests = 10_000

  @Option(help: "Kept-alive connections.")
  var connections = 64

  @Option(help: "Runs for the measurement of whole runs.")
  var runs = 500

  @Option(help: "Where to make the data directory: the disk that counts.")
  var data = "/tmp"

  @Option(help: "The errand program; by default the one beside this program.")
  var errand: String?

  func run() async throws {
    let bench = try PathBench(
      program: errand ?? Programs.beside("errand"), hello: Programs.beside("bare-hello"),
      folder: "\(data)/errand-path-\(Hex.encode(Randomness.system.bytes(6)))")
    defer { bench.remove() }
    try await bench.run(requests: requests, connections: connections, runs: runs)
  }
}
