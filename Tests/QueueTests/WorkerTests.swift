import Foundation
import Primitives
import Store
import TestSupport
import Testing

@testable import Queue

@Suite struct WorkerTests {
  private func finishing(_ bench: Bench, _ journal: Journal<Claim>, concurrency: Int = 4) -> Handler {
    Handler(kind: work, concurrency: concurrency) { claim in
      _ = try await bench.finish(claim)
      journal.add(claim)
    }
  }

  @Test func `a push wakes the worker, without any time passing`() async throws {
    try await withBench { bench in
      let journal = Journal<Claim>()
      let worker = try bench.worker([finishing(bench, journal)])
      try await bench.running(worker) {
        await bench.time.sleepers(3)
        try await bench.push("a")
        #expect(await journal.wait(for: 1).map(\.ref) == ["a"])
      }
    }
  }

  @Test func `a push into the same file by another database wakes the worker`() async throws {
    try await withBench { bench in
      let other = try await Database.open(bench.database.path, migrations: queueMigrations)
      let otherQueue = Queue(database: other, time: bench.time.time)
      let journal = Journal<Claim>()
      let worker = try bench.worker([finishing(bench, journal)])
      try await bench.running(worker) {
        await bench.time.sleepers(3)
        try await other.write { [now = bench.now] in try otherQueue.push($0, work, "a", due: now) }
        #expect(await journal.wait(for: 1).map(\.ref) == ["a"])
      }
      await other.close()
    }
  }

  @Test func `an item is handled when it is due, not before`() async throws {
    try await withBench { bench in
      let journal = Journal<Claim>()
      let start = bench.now
      let times = Lock<[Timestamp]>([])
      let worker = try bench.worker([
        Handler(kind: work, concurrency: 1) { claim in
          times.withLock { $0.append(bench.now) }
          _ = try await bench.finish(claim)
          journal.add(claim)
        }
      ])
      try await bench.push("a", in: .milliseconds(2500))
      try await bench.running(worker) {
        for step in [1000, 1000, 500] {
          await bench.time.sleepers(3)
          bench.time.advance(by: .milliseconds(step))
        }
        _ = await journal.wait(for: 1)
      }
      #expect(times.withLock { $0 } == [start + .milliseconds(2500)])
    }
  }

  @Test func `no more handlers run than the kind allows`() async throws {
    try await withBench { bench in
      let journal = Journal<Claim>()
      let (now, most) = (Lock(0), Lock(0))
      let worker = try bench.worker([
        Handler(kind: work, concurrency: 3) { claim in
          let running = now.withLock {
            $0 += 1; return $0
          }
          most.withLock { $0 = max($0, running) }
          _ = try await bench.database.read { try $0.rows("SELECT 1") }
          now.withLock { $0 -= 1 }
          _ = try await bench.finish(claim)
          journal.add(claim)
        }
      ])
      for number in 0..<40 { try await bench.push("\(number)") }
      try await bench.running(worker) {
        let claims = await journal.wait(for: 40)
        #expect(Set(claims.map(\.ref)).count == 40)
      }
      #expect((1...3).contains(most.withLock { $0 }))
    }
  }

  @Test func `a failed item is tried again after a pause`() async throws {
    try await withBench { bench in
      let journal = Journal<Claim>()
      let worker = try bench.worker([
        Handler(kind: work, concurrency: 1) { claim in
          journal.add(claim)
          if claim.errors == 0 { throw Trouble() }
          _ = try await bench.finish(claim)
        }
      ])
      try await bench.push("a")
      try await bench.running(worker) {
        _ = await journal.wait(for: 1)
        try await bench.wait(for: "a") { $0?.errors == 1 && $0?.worker == nil }
        let due = try #require(try await bench.item("a")?.due)
        #expect(due > bench.now + .milliseconds(799))
        #expect(due <= bench.now + .seconds(1))
        await bench.time.sleepers(3)
        bench.time.advance(by: .seconds(1))
        #expect(await journal.wait(for: 2).map(\.errors) == [0, 1])
      }
    }
  }

  @Test func `a handler that gives nothing back gets its item again`() async throws {
    try await withBench { bench in
      let journal = Journal<Claim>()
      let worker = try bench.worker([
        Handler(kind: work, concurrency: 1) { claim in
          journal.add(claim)
          if journal.count > 1 { _ = try await bench.finish(claim) }
        }
      ])
      try await bench.push("a")
      try await bench.running(worker) {
        let claims = await journal.wait(for: 2)
        #expect(claims[0].fence < claims[1].fence)
        #expect(claims.map(\.errors) == [0, 0])
      }
    }
  }

  @Test func `a stopped worker cancels its handlers and gives everything back`() async throws {
    try await withBench { bench in
      let journal = Journal<Claim>()
      let cancelled = Lock(false)
      let worker = try bench.worker([
        Handler(kind: work, concurrency: 1) { claim in
          journal.add(claim)
          do {
            try await Task.sleep(for: .seconds(3600))
          } catch {
            cancelled.withLock { $0 = true }
            throw error
          }
        }
      ])
      try await bench.push("a", in: .seconds(-5))
      try await bench.running(worker) { _ = await journal.wait(for: 1) }
      #expect(cancelled.withLock { $0 })
      let item = try await bench.item("a")
      #expect(item?.worker == nil)
      #expect(item?.due == bench.now)
      #expect(item?.errors == 0)
      #expect(item?.crashes == 0)
      let workers = try await bench.database.read { [queue = bench.queue] in try queue.workers($0) }
      #expect(workers.isEmpty)
      #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder + "/workers").isEmpty)
    }
  }

  @Test func `a handler that does not heed is left behind after the grace, and its writes are refused`()
    async throws
  {
    try await withBench { bench in
      let journal = Journal<Claim>()
      let late = Journal<String>()
      let signal = Signal()
      let worker = try bench.worker([
        Handler(kind: work, concurrency: 1) { claim in
          journal.add(claim)
          // Deaf: this task is not cancelled with the handler's.
          await Task { await signal.wait() }.value
          do {
            _ = try await bench.finish(claim)
            late.add("stored")
          } catch {
            late.add("\(error)")
            throw error
          }
        }
      ]) { $0.grace = .seconds(10) }
      try await bench.push("a")
      let run = Task { try await worker.run() }
      _ = await journal.wait(for: 1)
      await bench.time.sleepers(3)
      run.cancel()
      await bench.time.sleepers(1)
      bench.time.advance(by: .seconds(10))
      try await run.value
      #expect(try await bench.item("a")?.worker == nil)
      signal.set()
      let outcome = await late.wait(for: 1)
      #expect(outcome[0].hasPrefix("The lease on the work a was lost"))
      #expect(try await bench.item("a") != nil)
    }
  }

  @Test func `a lease whose claim was stored but whose answer was lost is given back`() async throws {
    let loses = Lock(false)
    var options = Database.Options()
    options.faults = Faults { point in
      let hit =
        point == .afterCommit
        && loses.withLock { loses in
          defer { loses = false }; return loses
        }
      if hit { throw Trouble() }
    }
    try await withBench(options: options) { bench in
      let journal = Journal<Claim>()
      let worker = try bench.worker([finishing(bench, journal)])
      try await bench.push("a", in: .seconds(1))
      try await bench.running(worker) {
        await bench.time.sleepers(3)
        loses.withLock { $0 = true }
        bench.time.advance(by: .seconds(1))
        try await bench.wait(for: "a") { $0?.worker != nil || $0 == nil }
        await bench.time.sleepers(3)
        bench.time.advance(by: .seconds(1))
        let claims = await journal.wait(for: 1)
        #expect(claims[0].fence > 1, "the first claim was not lost")
        #expect(claims[0].errors == 0)
      }
    }
  }

  @Test func `two handlers of one kind are refused`() async throws {
    try await withBench { bench in
      let journal = Journal<Claim>()
      let error = #expect(throws: QueueError.self) {
        try bench.worker([finishing(bench, journal), finishing(bench, journal)])
      }
      #expect(error?.description == "Two handlers are registered for items of kind work. Register one.")
    }
  }

  @Test(
    arguments: [
      (0, 0.0, 1.0), (1, 0, 2), (3, 0, 8), (8, 0, 256), (9, 0, 300), (1000, 0, 300), (-1, 0, 1),
      (3, 0.5, 7.2),
      (1000, 0.999999, 240.00006),
    ] as [(Int, Double, Double)])
  func `the pause doubles up to five minutes`(errors: Int, chance: Double, seconds: Double) {
    #expect(abs(Backoff().delay(errors: errors, chance: chance).inSeconds - seconds) < 0.0001)
  }

  @Test func `a handler that says “stale” of a lease it still holds gets its item again`() async throws {
    try await withBench { bench in
      let journal = Journal<Claim>()
      let worker = try bench.worker([
        Handler(kind: work, concurrency: 1) { claim in
          journal.add(claim)
          // As when it gave its item back twice, or mistook another lease for its own.
          if claim.errors == 0 { throw QueueError.stale(kind: claim.kind, ref: claim.ref) }
          _ = try await bench.finish(claim)
        }
      ])
      try await bench.push("a")
      try await bench.running(worker) {
        _ = await journal.wait(for: 1)
        try await bench.wait(for: "a") { $0?.worker == nil && $0?.errors == 1 }
        bench.time.advance(by: .seconds(600))
        #expect(await journal.wait(for: 2).map(\.errors) == [0, 1])
        try await bench.wait(for: "a") { $0 == nil }
      }
    }
  }

  @Test func `a lease that is really lost is left to its new holder`() async throws {
    try await withBench { bench in
      let journal = Journal<Claim>()
      let worker = try bench.worker([
        Handler(kind: work, concurrency: 1) { claim in
          try await bench.database.write { [queue = bench.queue] tx in
            try queue.release(tx, claim, due: bench.now + .seconds(900), errors: 0, crashes: 0)
          }
          journal.add(claim)
          throw QueueError.stale(kind: claim.kind, ref: claim.ref)
        }
      ])
      try await bench.push("a")
      try await bench.running(worker) {
        _ = await journal.wait(for: 1)
      }
      #expect(try await bench.item("a")?.errors == 0)
      #expect(try await bench.item("a")?.due == bench.now + .seconds(900))
    }
  }
}
