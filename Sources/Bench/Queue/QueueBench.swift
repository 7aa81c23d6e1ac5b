import Glibc
import Logging
import Primitives
import Queue
import SQLite
import Store

/// Items pushed and worked off, each beside the bare database in the same run.
struct QueueBench {
  private static let kind = ItemKind(rawValue: "bench")
  /// How many items the worker holds at once, and the bare claims take at once.
  private static let room = 64

  let folder: String
  let items: Int
  let callers: Int

  func run() async throws {
    guard mkdir(folder, 0o700) == 0 else {
      throw BenchError.system(what: "Making \(folder)", errno: errno)
    }
    let database = try await Database.open("\(folder)/queue.db", migrations: queueMigrations)
    let queue = Queue(database: database)
    let pushed = try await perSecond { try await push(to: queue) }
    let drained = try await perSecond { try await drain(queue) }
    await database.close()
    let bare = try await bareFigures()
    tell("pushed", "\(callers) callers", pushed, bare.inserted, "one writer, \(callers) rows a commit")
    tell(
      "worked off", "no-op handler", drained, bare.claimed, "claimed and deleted \(QueueBench.room) at a time"
    )
  }

  private func tell(_ name: String, _ how: String, _ ours: Double, _ bare: Double, _ bareHow: String) {
    let title = name + String(repeating: " ", count: max(1, 16 - name.count))
    let ratio = (ours / bare * 1000).rounded() / 1000
    print(
      "\(title)\(how): \(Int(ours)) items per second; bare (\(bareHow)) \(Int(bare)) per second; ratio \(ratio)"
    )
  }

  private func perSecond(_ work: () async throws -> Void) async throws -> Double {
    let start = Volley.microseconds()
    try await work()
    return Double(items) * 1_000_000 / Double(max(1, Volley.microseconds() - start))
  }

  /// Every caller waits until its item is on the disk before it pushes the next.
  private func push(to queue: Queue) async throws {
    let (items, callers) = (items, callers)
    try await withThrowingTaskGroup { group in
      for caller in 0..<callers {
        group.addTask {
          for number in stride(from: caller, to: items, by: callers) {
            try await queue.database.write { tx in
              try queue.push(tx, QueueBench.kind, "item-\(number)", due: queue.time.now())
            }
          }
        }
      }
      try await group.waitForAll()
    }
  }

  private func drain(_ queue: Queue) async throws {
    let left = Lock(items)
    let done = AsyncStream<Void>.makeStream()
    let handler = Handler(kind: QueueBench.kind, concurrency: QueueBench.room) { claim in
      try await queue.database.write { tx in _ = try queue.finish(tx, claim) }
      let isLast = left.withLock { left in
        left -= 1
        return left == 0
      }
      if isLast { done.continuation.finish() }
    }
    var options = Worker.Options()
    options.logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
    let worker = try Worker(queue: queue, handlers: [handler], options: options)
    let working = Task { try await worker.run() }
    for await _ in done.stream {}
    working.cancel()
    // It only throws when it cannot start, and it has worked everything off.
    _ = try? await working.value
  }

  /// The same rows in the same table, written over one connection with nothing above the database.
  private func bareFigures() async throws -> (inserted: Double, claimed: Double) {
    let path = "\(folder)/bare.db"
    try await Database.open(path, migrations: queueMigrations).close()
    let bare = try Connection(path, access: .write, patience: .seconds(10))
    let kind = SQLiteValue.text(QueueBench.kind.rawValue)
    let now = SQLiteValue.integer(Time.system.now().microseconds)
    func commit(_ work: () throws -> Void) throws {
      _ = try bare.run("BEGIN IMMEDIATE")
      try work()
      _ = try bare.run("COMMIT")
    }
    let inserted = try await perSecond {
      for start in stride(from: 0, to: items, by: callers) {
        try commit {
          for number in start..<min(items, start + callers) {
            _ = try bare.run(
              "INSERT INTO items (kind, ref, due, position) VALUES ($1, $2, $3, $4)",
              [kind, .text("item-\(number)"), now, .integer(Int64(number))])
          }
        }
      }
    }
    let claimed = try await perSecond {
      while true {
        var refs: [SQLiteValue] = []
        try commit {
          refs = try bare.run(
            """
            UPDATE items SET worker = 'bare' WHERE kind = $1 AND ref IN (
              SELECT ref FROM items WHERE kind = $1 AND worker IS NULL AND slot IS NULL AND due <= $2
              ORDER BY due, position LIMIT $3)
            RETURNING ref
            """, [kind, now, .integer(Int64(QueueBench.room))]
          ).rows.map { $0[0] }
        }
        if refs.isEmpty { return }
        try commit {
          for ref in refs { _ = try bare.run("DELETE FROM items WHERE kind = $1 AND ref = $2", [kind, ref]) }
        }
      }
    }
    return (inserted, claimed)
  }
}
