import Foundation
import Primitives
import Store
import TestSupport
import Testing

@testable import Queue

@Suite struct QueueTests {
  @Test func `an item is claimed by exactly one of many`() async throws {
    try await withBench { bench in
      try await bench.push("a")
      let claims = try await withThrowingTaskGroup { group in
        for number in 0..<50 { group.addTask { try await bench.claim(by: "w\(number)") } }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(claims.count == 1)
      let item = try await bench.item("a")
      #expect(item?.worker == claims.first?.worker)
    }
  }

  @Test func `two databases on one file share items without sharing one twice`() async throws {
    try await withBench { bench in
      let other = try await Database.open(bench.database.path, migrations: queueMigrations)
      let otherQueue = Queue(database: other, time: bench.time.time)
      for number in 0..<60 { try await bench.push("\(number)") }
      let claims = try await withThrowingTaskGroup { group in
        for number in 0..<30 {
          group.addTask { try await bench.claim([work: 1], by: "here \(number)") }
          group.addTask {
            try await other.write { try otherQueue.claim($0, for: "there \(number)", room: [work: 1]) }
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(claims.count == 60)
      #expect(Set(claims.map(\.ref)).count == 60)
      #expect(Set(claims.map(\.fence)).count == 60)
      await other.close()
    }
  }

  @Test func `the longest due comes first, then the first to come; nothing early`() async throws {
    try await withBench { bench in
      try await bench.push("late", in: .seconds(-1))
      try await bench.push("later", in: .seconds(-2))
      try await bench.push("later too", in: .seconds(-2), slot: Slot(name: "s", limit: 5))
      try await bench.push("future", in: .seconds(1))
      try await bench.push("other kind", mail)
      var claims = try await bench.claim([work: 2])
      #expect(claims.map(\.ref) == ["later", "later too"])
      #expect(claims[0].fence < claims[1].fence)
      claims = try await bench.claim()
      #expect(claims.map(\.ref) == ["late"])
      bench.time.advance(by: .seconds(1))
      claims = try await bench.claim([work: 5, mail: 5])
      #expect(claims.map(\.ref) == ["other kind", "future"])
    }
  }

  @Test func `a push keeps the earlier time and counts a wake`() async throws {
    try await withBench { bench in
      try await bench.push("a", in: .seconds(10))
      try await bench.push("a", in: .seconds(20))
      var item = try await bench.item("a")
      #expect(item?.due == bench.now + .seconds(10))
      #expect(item?.wake == 2)
      try await bench.push("a", in: .seconds(5), slot: Slot(name: "s", limit: 2))
      try await bench.push("a", in: .seconds(6))
      item = try await bench.item("a")
      #expect(item?.due == bench.now + .seconds(5))
      #expect(item?.slot == Slot(name: "s", limit: 2))
      #expect(item?.wake == 4)
    }
  }

  @Test func `an item pushed while it is worked on is not finished but due now`() async throws {
    try await withBench { bench in
      try await bench.push("a")
      let claim = try #require(try await bench.claim().first)
      try await bench.push("a", in: .seconds(60))
      bench.time.advance(by: .seconds(7))
      #expect(try await bench.finish(claim) == false)
      var item = try await bench.item("a")
      #expect(item?.worker == nil)
      #expect(item?.due == bench.now)
      let next = try #require(try await bench.claim().first)
      #expect(next.fence > claim.fence)
      #expect(try await bench.finish(next) == true)
      item = try await bench.item("a")
      #expect(item == nil)
    }
  }

  @Test func `rescheduling keeps the time unless a wake came, and counts failures`() async throws {
    try await withBench { bench in
      let queue = bench.queue
      try await bench.push("a")
      var claim = try #require(try await bench.claim().first)
      let later = bench.now + .seconds(30)
      try await bench.database.write { [claim] in try queue.reschedule($0, claim, due: later, failed: true) }
      var item = try #require(try await bench.item("a"))
      #expect(item.due == later)
      #expect(item.errors == 1)
      bench.time.advance(by: .seconds(30))
      claim = try #require(try await bench.claim().first)
      #expect(claim.errors == 1)
      try await bench.push("a", in: .seconds(100))
      try await bench.database.write { [claim, now = bench.now] in
        try queue.reschedule($0, claim, due: now + .seconds(99), failed: true)
      }
      item = try #require(try await bench.item("a"))
      #expect(item.due == bench.now)
      #expect(item.errors == 2)
      claim = try #require(try await bench.claim().first)
      try await bench.database.write { [claim] in try queue.reschedule($0, claim, due: later, failed: false) }
      item = try #require(try await bench.item("a"))
      #expect(item.errors == 0)
    }
  }

  @Test func `a stale claim changes nothing, even after the item was finished and pushed again`() async throws
  {
    try await withBench { bench in
      let queue = bench.queue
      try await bench.push("a")
      let old = try #require(try await bench.claim().first)
      try await bench.database.write { try queue.handBack($0, "w") }
      let second = try #require(try await bench.claim().first)
      #expect(try await bench.finish(second))
      try await bench.push("a")
      let third = try #require(try await bench.claim().first)
      #expect(third.fence > second.fence)
      #expect(second.fence > old.fence)
      let writes: [@Sendable (Transaction) throws -> Void] = [
        { try queue.holds($0, old) }, { try queue.finish($0, old) },
        { try queue.reschedule($0, old, due: Timestamp(seconds: 0), failed: true) },
        { try queue.finish($0, second) },
      ]
      for write in writes {
        await #expect(throws: QueueError.stale(kind: work, ref: "a")) {
          try await bench.database.write { tx in
            try queue.push(tx, mail, "side effect", due: Timestamp(seconds: 0))
            try write(tx)
          }
        }
      }
      let item = try await bench.item("a")
      #expect(item?.fence == third.fence)
      #expect(item?.worker == "w")
      #expect(item?.errors == 0)
      #expect(try await bench.item("side effect", mail) == nil)
      try await bench.database.write { try queue.holds($0, third) }
    }
  }

  @Test func `removing an item makes its claim stale`() async throws {
    try await withBench { bench in
      try await bench.push("a")
      let claim = try #require(try await bench.claim().first)
      try await bench.database.write { [queue = bench.queue] in try queue.remove($0, work, "a") }
      let error = await #expect(throws: QueueError.self) { try await bench.finish(claim) }
      #expect(
        error?.description
          == "The lease on the work a was lost to another worker or withdrawn. Nothing was changed; stop working on it."
      )
    }
  }

  @Test func `wakes and finishes that race lose no wake`() async throws {
    try await withBench { bench in
      let pushes = 100
      let handled = Lock<Int64>(0)
      try await withThrowingTaskGroup { group in
        group.addTask { for _ in 0..<pushes { try await bench.push("a") } }
        for number in 0..<3 {
          group.addTask {
            for _ in 0..<60 {
              for claim in try await bench.claim(by: "w\(number)") {
                if try await bench.finish(claim) { handled.withLock { $0 += claim.wake } }
              }
            }
          }
        }
        try await group.waitForAll()
      }
      while let claim = try await bench.claim().first {
        if try await bench.finish(claim) { handled.withLock { $0 += claim.wake } }
      }
      #expect(handled.withLock { $0 } == Int64(pushes))
    }
  }

  @Test func `what is pushed in a transaction that fails is not there`() async throws {
    try await withBench { bench in
      await #expect(throws: Trouble.self) {
        try await bench.database.write { [queue = bench.queue, now = bench.now] tx in
          try queue.push(tx, work, "a", due: now)
          throw Trouble()
        }
      }
      let item = try await bench.item("a")
      #expect(item == nil)
    }
  }

  @Test func `the backlog tells what waits and since when`() async throws {
    try await withBench { bench in
      try await bench.push("leased", in: .seconds(-9))
      _ = try await bench.claim()
      try await bench.push("due", in: .seconds(-5))
      try await bench.push("due too")
      try await bench.push("later", in: .seconds(5))
      try await bench.push("later", mail, in: .seconds(5))
      let backlog = try await bench.database.read { [queue = bench.queue] in try queue.backlog($0) }
      #expect(
        backlog == [
          Backlog(kind: mail, items: 1, leased: 0, due: 0, oldest: nil),
          Backlog(kind: work, items: 4, leased: 1, due: 2, oldest: bench.now - .seconds(5)),
        ])
    }
  }

  @Test func `items that an earlier version queued are there after the tables have changed`() async throws {
    let folder = "/tmp/queue-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let before = try await Database.open("\(folder)/a.db", migrations: Array(queueMigrations.prefix(2)))
    try await before.write { tx in
      try tx.run(
        """
        INSERT INTO items (kind, ref, due, position, slot, slot_limit, worker, fence, wake, errors, crashes)
        VALUES ('work', 'a', 5, 1, 'job:j', 2, 'w', 7, 3, 1, 4), ('mail', 'b', 6, 2, NULL, NULL, NULL, 0, 1, 0, 0)
        """)
    }
    await before.close()
    let after = try await Database.open("\(folder)/a.db", migrations: queueMigrations)
    let queue = Queue(database: after)
    let items = try await after.read { tx in
      (try queue.item(tx, work, "a"), try queue.item(tx, mail, "b"))
    }
    #expect(items.0?.slot == Slot(name: "job:j", limit: 2))
    #expect(items.0?.worker == "w")
    #expect(items.0?.fence == 7)
    #expect(items.0?.wake == 3)
    #expect(items.0?.errors == 1)
    #expect(items.0?.crashes == 4)
    #expect(items.1?.due == Timestamp(microseconds: 6))
    #expect(items.1?.worker == nil)
    await after.close()
  }
}
