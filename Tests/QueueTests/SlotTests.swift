import Primitives
import Store
import Testing

@testable import Queue

@Suite struct SlotTests {
  let two = Slot(name: "two", limit: 2)
  let one = Slot(name: "one", limit: 1)

  @Test func `no more items of a slot are leased than it allows`() async throws {
    try await withBench { bench in
      for number in 0..<5 { try await bench.push("\(number)", slot: two) }
      let claims = try await bench.claim()
      #expect(claims.map(\.ref) == ["0", "1"])
      #expect(try await bench.claim(by: "other").isEmpty)
      #expect(try await bench.finish(claims[0]))
      #expect(try await bench.claim(by: "other").map(\.ref) == ["2"])
      try await bench.database.write { [queue = bench.queue] in try queue.handBack($0, "w") }
      #expect(try await bench.claim().map(\.ref) == ["1"])
    }
  }

  @Test func `a full slot starves neither others nor items without one`() async throws {
    try await withBench { bench in
      for number in 0..<20 { try await bench.push("one \(number)", in: .seconds(-60), slot: one) }
      try await bench.push("two", in: .seconds(-30), slot: two)
      try await bench.push("free")
      #expect(try await bench.claim([work: 3]).map(\.ref) == ["one 0", "two", "free"])
      try await bench.push("free again")
      #expect(try await bench.claim([work: 1]).map(\.ref) == ["free again"])
    }
  }

  @Test func `kinds that share a slot count together`() async throws {
    try await withBench { bench in
      try await bench.push("a", work, slot: one)
      try await bench.push("b", mail, slot: one)
      let claims = try await bench.claim([work: 5, mail: 5])
      #expect(claims.count == 1)
      #expect(try await bench.finish(claims[0]))
      #expect(try await bench.claim([work: 5, mail: 5]).count == 1)
    }
  }

  @Test func `many claimers together stay within the limit`() async throws {
    try await withBench { bench in
      for number in 0..<30 { try await bench.push("\(number)", slot: two) }
      let most = Lock(0)
      try await withThrowingTaskGroup { group in
        for worker in 0..<8 {
          group.addTask {
            while try await bench.item("29") != nil {
              for claim in try await bench.claim([work: 3], by: "w\(worker)") {
                let leased: Int? = try await bench.database.read {
                  try $0.row("SELECT COUNT(*) AS n FROM items WHERE worker IS NOT NULL")?["n"]
                }
                most.withLock { $0 = max($0, leased ?? 0) }
                _ = try await bench.finish(claim)
              }
            }
          }
        }
        try await group.waitForAll()
      }
      #expect((1...2).contains(most.withLock { $0 }))
    }
  }

  @Test func `a higher limit opens a slot`() async throws {
    try await withBench { bench in
      try await bench.push("a", slot: one)
      try await bench.push("b", slot: one)
      #expect(try await bench.claim().map(\.ref) == ["a"])
      try await bench.push("b", slot: Slot(name: "one", limit: 2))
      #expect(try await bench.claim().map(\.ref) == ["b"])
    }
  }

  @Test func `the next time is found among items with and without slots`() async throws {
    try await withBench { bench in
      func next() async throws -> Timestamp? {
        try await bench.database.read { [queue = bench.queue] in try queue.nextDue($0, kinds: [work, mail]) }
      }
      #expect(try await next() == nil)
      try await bench.push("now")
      #expect(try await next() == nil)
      try await bench.push("a", in: .seconds(9))
      #expect(try await next() == bench.now + .seconds(9))
      try await bench.push("b", mail, in: .seconds(7), slot: one)
      #expect(try await next() == bench.now + .seconds(7))
    }
  }

  @Test(arguments: [1, 100, 1500])
  func `however many wait for full slots, the next of another one is found`(waiting: Int) async throws {
    try await withBench { bench in
      let now = bench.now
      try await bench.database.write { [queue = bench.queue, one] tx in
        for number in 0..<waiting {
          let due = now - .seconds(60) + .microseconds(number)
          try queue.push(tx, work, "one \(number)", due: due, slot: one)
        }
        for number in 0..<5 {
          try queue.push(tx, work, "own \(number)", due: now, slot: Slot(name: "own \(number)", limit: 1))
        }
      }
      #expect(try await bench.claim([work: 1]).map(\.ref) == ["one 0"])
      let isReady = try await bench.database.read { [queue = bench.queue] tx in
        try queue.hasClaimable(tx, room: [work: 1])
      }
      #expect(isReady)
      #expect(try await bench.claim([work: 2]).map(\.ref) == ["own 0", "own 1"])
      #expect(try await bench.claim([work: 9]).map(\.ref) == ["own 2", "own 3", "own 4"])
      #expect(try await bench.claim([work: 9]).isEmpty)
    }
  }
}
