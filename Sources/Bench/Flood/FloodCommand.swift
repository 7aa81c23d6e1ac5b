import ArgumentParser
import Primitives

struct FloodCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flood",
    abstract: "What signed webhooks feel of slow uploads by strangers.",
    discussion: """
      Starts a server on this machine, keeps many slow uploads of 25 MB going to it, and sends it signed webhooks at a \
      fixed pace beside them. Prints how long the signed ones took, how the uploads ended, and the most memory that the \
      server had. Uploads: unsigned, to sources that do not exist, with forged signatures, with old ones, or some of \
      each. Those that are ended begin again.

      EXAMPLES
        errand-bench flood
        errand-bench flood --kind forged --uploads 1000 --seconds 30
        errand-bench flood --role all
      """)

  @Option(help: "Slow uploads at once.")
  var uploads = 500
  @Option(help: "What the uploads are: mixed, unsigned, unknown, forged or old.")
  var kind = SlowUploads.Kind.mixed
  @Option(help: "Bytes per second of each upload.")
  var bytes = 64_000
  @Option(help: "Signed webhooks per second.")
  var rate = 500
  @Option(help: "How long, in seconds; at most 300.")
  var seconds = 10
  @Option(help: "What the server does: api takes requests, all also works on the runs that they start.")
  var role = "api"
  @Option(help: "Where to make the data directory: the disk that counts.")
  var data = "/tmp"
  @Option(help: "The errand program; by default the one beside this program.")
  var errand: String?

  func validate() throws {
    for (name, value, most) in [
      ("uploads", uploads, 10_000), ("bytes", bytes, 100_000_000), ("rate", rate, 10_000),
      ("seconds", seconds, 300),
    ] where !(1...most).contains(value) {
      throw ValidationError("--\(name) must be a number from 1 to \(most); it is \(value).")
    }
    if !["api", "all"].contains(role) { throw ValidationError("--role: “\(role)” is not api or all.") }
  }

  func run() async throws {
    let bench = try FloodBench(
      program: errand ?? Programs.beside("errand"),
      folder: "\(data)/errand-flood-\(Hex.encode(Randomness.system.bytes(6)))")
    defer { bench.remove() }
    try await bench.run(
      FloodBench.Plan(
        uploads: uploads, kind: kind, bytes: bytes, rate: rate, seconds: seconds, role: role))
  }
}

extension SlowUploads.Kind: ExpressibleByArgument {}
