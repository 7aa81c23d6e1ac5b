import ArgumentParser
import Primitives

struct QueueCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "queue",
    abstract: "What a durable item of the queue costs, beside the bare database.",
    discussion: """
      Pushes items from many callers, each of whom waits for the disk, and then works them off with a handler that does \
      nothing. Beside both it prints what the same database gives with nothing above it: one writer that inserts as many \
      rows per commit, and claims and deletes them in batches. Build with “swift build -c release” first.

      EXAMPLES
        errand-bench queue
        errand-bench queue --items 100000 --callers 256 --data /var/tmp
      """)

  @Option(help: "Items to push, and to work off.")
  var items = 20_000
  @Option(help: "Callers at once.")
  var callers = 64
  @Option(help: "Where to make the database: the disk that counts.")
  var data = "/tmp"

  func validate() throws {
    for (name, value, most) in [("items", items, 10_000_000), ("callers", callers, 4096)]
    where !(1...most).contains(value) {
      throw ValidationError("--\(name) must be a number from 1 to \(most); it is \(value).")
    }
  }

  func run() async throws {
    let folder = "\(data)/errand-queue-\(Hex.encode(Randomness.system.bytes(6)))"
    defer { Folders.remove(folder) }
    try await QueueBench(folder: folder, items: items, callers: callers).run()
  }
}
