import Foundation
import Glibc
import Primitives
import Store
import TestSupport
import Testing

@testable import Queue

@Suite struct LivenessTests {
  /// Registers a worker that is nobody, and lets it claim everything.
  private func leave(_ worker: String, in bench: Bench) async throws -> [Claim] {
    let queue = bench.queue
    try await bench.database.write { try queue.register($0, worker, on: Host(name: "elsewhere", boot: "0")) }
    return try await bench.claim(by: worker)
  }

  private func finishing(_ bench: Bench, _ journal: Journal<Claim>) -> Handler {
    Handler(kind: work, concurrency: 4) { claim in
      _ = try await bench.finish(claim)
      journal.add(claim)
    }
  }

  @Test func `the leases of a killed process are taken over at the start`() async throws {
    let folder = "/tmp/queue-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String] in
      let database = try await Database.open("\(folder)/a.db", migrations: queueMigrations)
      let queue = Queue(database: database)
      try await database.write { try queue.push($0, work, "a", due: Timestamp(seconds: 0)) }
      let worker = try Worker(
        queue: queue, handlers: [Handler(kind: work, concurrency: 1) { _ in kill(getpid(), SIGKILL) }])
      try await worker.run()
    }
    let database = try await Database.open("\(folder)/a.db", migrations: queueMigrations)
    let queue = Queue(database: database)
    let left = try await database.read { try queue.item($0, work, "a") }
    #expect(left?.worker != nil)
    let journal = Journal<Claim>()
    let worker = try Worker(
      queue: queue,
      handlers: [
        Handler(kind: work, concurrency: 1) { claim in
          try await database.write { _ = try queue.finish($0, claim) }
          journal.add(claim)
        }
      ])
    let run = Task { try await worker.run() }
    let claims = await journal.wait(for: 1)
    #expect(claims[0].crashes == 1)
    #expect(claims[0].errors == 0)
    #expect(claims[0].fence > left?.fence ?? .max)
    run.cancel()
    try await run.value
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/workers").isEmpty)
    await database.close()
  }

  @Test func `a freed file lock frees the leases within a second`() async throws {
    try await withBench { bench in
      try await bench.push("a")
      _ = try await leave("dead", in: bench)
      let journal = Journal<Claim>()
      let worker = try bench.worker([finishing(bench, journal)])
      let lock = DeadLock(of: "dead", in: bench.folder + "/workers")
      try await bench.running(worker) {
        await bench.time.sleepers(3)
        bench.time.advance(by: .seconds(1))
        await bench.time.sleepers(3)
        let held = try await bench.item("a")
        #expect(held?.worker == "dead")
        lock.die()
        bench.time.advance(by: .seconds(1))
        #expect(await journal.wait(for: 1).map(\.crashes) == [1])
      }
    }
  }

  @Test func `a worker elsewhere that misses two beats is dead, one that beats is not`() async throws {
    try await withBench { bench in
      let queue = bench.queue
      try await bench.push("a")
      _ = try await leave("silent", in: bench)
      try await bench.push("b")
      _ = try await leave("alive", in: bench)
      let journal = Journal<Claim>()
      let worker = try bench.worker([finishing(bench, journal)]) { $0.poll = .seconds(3600) }
      try await bench.running(worker) {
        for _ in 0..<3 {
          await bench.time.sleepers(3)
          #expect(try await bench.item("a")?.worker == "silent")
          try await bench.database.write { try queue.beat($0, "alive") }
          bench.time.advance(by: .seconds(15))
        }
        #expect(await journal.wait(for: 1).map(\.ref) == ["a"])
        #expect(try await bench.item("b")?.worker == "alive")
      }
    }
  }

  @Test func `a clock that jumps kills nobody`() async throws {
    try await withBench { bench in
      try await bench.push("a")
      _ = try await leave("elsewhere", in: bench)
      let journal = Journal<Claim>()
      let worker = try bench.worker([finishing(bench, journal)])
      try await bench.running(worker) {
        await bench.time.sleepers(3)
        bench.time.step(by: .seconds(86_400))
        bench.time.advance(by: .seconds(15))
        await bench.time.sleepers(3)
        try await bench.push("b")
        #expect(await journal.wait(for: 1).map(\.ref) == ["b"])
        #expect(try await bench.item("a")?.worker == "elsewhere")
      }
    }
  }

  @Test func `a worker that was taken for dead ends its work and registers again`() async throws {
    try await withBench { bench in
      let queue = bench.queue
      let journal = Journal<Claim>()
      let cancelled = Journal<Bool>()
      let lost = Journal<Int>()
      let worker = try bench.worker([
        Handler(kind: work, concurrency: 1) { claim in
          journal.add(claim)
          if claim.crashes == 0 {
            do { try await Task.sleep(for: .seconds(3600)) } catch { cancelled.add(true) }
          } else {
            _ = try await bench.finish(claim)
          }
        }
      ]) { options in
        options.onLost = {
          // Before it registers again: until then it can claim nothing that it would work on with what it had.
          let known = try? await bench.database.read { try queue.workers($0).count }
          lost.add(known ?? -1)
        }
      }
      try await bench.push("a")
      try await bench.running(worker) {
        _ = await journal.wait(for: 1)
        #expect(lost.count == 0)
        try await bench.database.write { tx in
          for row in try queue.workers(tx) { #expect(try queue.bury(tx, row) == 1) }
        }
        await bench.time.sleepers(3)
        bench.time.advance(by: .seconds(15))
        _ = await cancelled.wait(for: 1)
        #expect(await lost.wait(for: 1) == [0])
        #expect(await journal.wait(for: 2).map(\.crashes) == [0, 1])
        let known = try await bench.database.read { try queue.workers($0).map(\.id) }
        #expect(known == [worker.id])
      }
    }
  }

  @Test func `a worker that was taken for dead claims nothing before it is registered again`() async throws {
    try await withBench { bench in
      let queue = bench.queue
      let journal = Journal<Claim>()
      let registered = Lock<[Bool]>([])
      let worker = try bench.worker([
        Handler(kind: work, concurrency: 1) { claim in
          let known = try await bench.database.read { try queue.isRegistered($0, claim.worker) }
          registered.withLock { $0.append(known) }
          _ = try await bench.finish(claim)
          journal.add(claim)
        }
      ])
      try await bench.running(worker) {
        await bench.time.sleepers(3)
        try await bench.database.write { tx in
          for row in try queue.workers(tx) { _ = try queue.bury(tx, row) }
          try queue.push(tx, work, "a", due: Timestamp(seconds: 0))
        }
        _ = await journal.wait(for: 1)
      }
      #expect(registered.withLock { $0 } == [true])
    }
  }

  @Test func `a worker that shows itself at the last moment is not buried`() async throws {
    try await withBench { bench in
      let queue = bench.queue
      try await bench.push("a")
      _ = try await leave("late", in: bench)
      let row = try #require(try await bench.database.read { try queue.workers($0).first })
      try await bench.database.write { try queue.beat($0, "late") }
      #expect(try await bench.database.write { try queue.bury($0, row) } == nil)
      #expect(try await bench.item("a")?.worker == "late")
    }
  }

  @Test func `two looks without a new beat are silence`() async throws {
    func row(_ id: String, _ beats: Int64) -> WorkerRow {
      WorkerRow(id: id, host: "h", boot: "b", beats: beats)
    }
    var silence = Silence()
    #expect(silence.look(at: [row("a", 1), row("b", 1)]).isEmpty)
    #expect(silence.look(at: [row("a", 1), row("b", 2)]).isEmpty)
    #expect(silence.look(at: [row("a", 1), row("b", 2)]).map(\.id) == ["a"])
    #expect(silence.look(at: [row("a", 2), row("b", 3)]).isEmpty)
    #expect(silence.look(at: [row("b", 3)]).isEmpty)
    #expect(silence.look(at: [row("a", 2), row("b", 4)]).isEmpty)
  }

  @Test func `one that was taken for dead and registers again counts anew`() async throws {
    let row = WorkerRow(id: "a", host: "h", boot: "b", beats: 0)
    var silence = Silence()
    for isSilent in [false, false, true, false, false, true] {
      #expect(silence.look(at: [row]).isEmpty == !isSilent)
    }
  }
}

/// The file lock of a worker that can die without tidying up.
private struct DeadLock {
  private let file: Int32

  init(of worker: String, in directory: String) {
    mkdir(directory, 0o700)
    file = open("\(directory)/\(worker)", O_RDWR | O_CREAT, 0o600)
    flock(file, LOCK_EX)
  }

  func die() { close(file) }
}
