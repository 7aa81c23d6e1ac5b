import Foundation
import Logging
import Primitives
import Store
import TestSupport

@testable import Queue

let work = ItemKind(rawValue: "work")
let mail = ItemKind(rawValue: "mail")

/// A queue on a file of its own, with time that the test advances.
final class Bench: Sendable {
  let folder = "/tmp/queue-tests-\(UUID().uuidString)"
  let time = ManualTime(Timestamp(seconds: 1_800_000_000))
  let database: Database
  let queue: Queue

  init(options: Database.Options = .init()) async throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    database = try await Database.open("\(folder)/a.db", migrations: queueMigrations, options: options)
    queue = Queue(database: database, time: time.time)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  var now: Timestamp { time.now }

  func push(_ ref: String, _ kind: ItemKind = work, in delay: Duration = .zero, slot: Slot? = nil)
    async throws
  {
    let due = now + delay
    try await database.write { [queue] in try queue.push($0, kind, ref, due: due, slot: slot) }
  }

  func claim(_ room: [ItemKind: Int] = [work: 100], by worker: String = "w") async throws -> [Claim] {
    try await database.write { [queue] in try queue.claim($0, for: worker, room: room) }
  }

  func finish(_ claim: Claim) async throws -> Bool {
    try await database.write { [queue] in try queue.finish($0, claim) }
  }

  func item(_ ref: String, _ kind: ItemKind = work) async throws -> Item? {
    try await database.read { [queue] in try queue.item($0, kind, ref) }
  }

  /// Waits until the item is as `condition` wants it.
  func wait(for ref: String, _ condition: (Item?) -> Bool) async throws {
    while !condition(try await item(ref)) { await Task.yield() }
  }

  func worker(_ handlers: [Handler], _ adjust: (inout Worker.Options) -> Void = { _ in }) throws -> Worker {
    var options = Worker.Options()
    options.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    adjust(&options)
    return try Worker(queue: queue, handlers: handlers, options: options)
  }

  /// Runs a worker while `body` runs, then stops it and waits for its end.
  func running(_ worker: Worker, _ body: () async throws -> Void) async throws {
    let run = Task { try await worker.run() }
    do {
      try await body()
    } catch {
      run.cancel()
      _ = await run.result
      throw error
    }
    run.cancel()
    try await run.value
  }
}

/// Opens a bench and closes its database whatever happens.
func withBench(
  options: Database.Options = .init(), _ body: (Bench) async throws -> Void
) async throws {
  let bench = try await Bench(options: options)
  do {
    try await body(bench)
  } catch {
    await bench.database.close()
    throw error
  }
  await bench.database.close()
}

/// What a handler saw, for the test to wait for.
final class Journal<Entry: Sendable>: Sendable {
  private let entries = Lock<[Entry]>([])
  private let stream = AsyncStream.makeStream(of: Void.self)

  func add(_ entry: Entry) {
    entries.withLock { $0.append(entry) }
    stream.continuation.yield()
  }

  var count: Int { entries.withLock { $0.count } }

  /// Waits until there are so many entries. One task may wait at a time.
  func wait(for count: Int) async -> [Entry] {
    var iterator = stream.stream.makeAsyncIterator()
    while entries.withLock({ $0.count }) < count { await iterator.next() }
    return entries.withLock { $0 }
  }
}

struct Trouble: Error {}
