import Glibc
import Primitives
import Store
import Testing

@Suite struct WriterTests {
  @Test func `what was written is read`() async throws {
    try await withNotes { database, _ in
      let size = try await database.write { tx in
        try tx.run("INSERT INTO notes (text, size) VALUES ($1, $2), ('b', NULL)", "a", 3)
      }
      #expect(size == 2)
      let row = try await database.read { try $0.row("SELECT * FROM notes WHERE text = $1", "a") }
      #expect(try row?["size"] == 3)
    }
  }

  @Test func `a closure that throws harms no other of its batch`() async throws {
    try await withNotes { database, _ in
      let results = try await database.inOneBatch(
        { try $0.run("INSERT INTO notes (text) VALUES ('first')") },
        {
          try $0.run("INSERT INTO notes (text) VALUES ('undone')")
          throw Trouble()
        },
        { try $0.run("INSERT INTO notes (text) VALUES ('first')") },
        { try $0.run("INSERT INTO notes (text) VALUES ('last')") }
      )
      #expect(results[0].error == nil)
      #expect(results[1].error == "Trouble on request.")
      #expect(results[2].error?.contains("UNIQUE constraint failed") == true)
      #expect(results[3].error == nil)
      #expect(try await database.notes == ["first", "last"])
    }
  }

  @Test func `a full disk that ends the transaction fails the whole batch and says so`() async throws {
    try await withNotes { database, folder in
      try await database.add("before")
      let ran = Lock(0)
      let results = try await database.inOneBatch(
        { try $0.run("INSERT INTO notes (text) VALUES ('good')") },
        { tx in
          // The same error as from a full disk: the file may not grow.
          _ = try tx.rows("PRAGMA max_page_count = 1")
          defer { _ = try? tx.rows("PRAGMA max_page_count = 1000000") }
          return try tx.run("INSERT INTO notes (text) VALUES ($1)", String(repeating: "x", count: 100_000))
        },
        { _ in
          ran.withLock {
            $0 += 1; return $0
          }
        }
      )
      let sentence =
        "The disk that holds \(folder.database) is full. Nothing was stored. Free some space; no restart is needed."
      #expect(results.map(\.error) == [sentence, sentence, sentence])
      #expect(ran.withLock { $0 } == 0)
      #expect(try await database.notes == ["before"])
      try await database.add("after")
      #expect(try await database.notes == ["after", "before"])
    }
  }

  @Test func `a closure that hides the end of the transaction is found out`() async throws {
    try await withNotes { database, _ in
      let results = try await database.inOneBatch(
        { try $0.run("INSERT INTO notes (text) VALUES ('good')") },
        { tx in
          _ = try tx.rows("PRAGMA max_page_count = 1")
          defer { _ = try? tx.rows("PRAGMA max_page_count = 1000000") }
          return (try? tx.run("INSERT INTO notes (text) VALUES ($1)", String(repeating: "x", count: 100_000)))
            ?? 0
        }
      )
      #expect(results.allSatisfy { $0.error?.hasPrefix("Nothing was stored, because the whole") == true })
      #expect(try await database.notes == [])
    }
  }

  @Test(
    arguments: [
      (Faults.Point.afterClosure, "Trouble on request.", false),
      (
        .beforeCommit,
        "Nothing was stored, because the whole transaction was rolled back: Trouble on request. Try again.",
        false
      ),
      (
        .afterCommit, "Whether this was stored is not known: Trouble on request. Look before you try again.",
        true
      ),
    ] as [(Faults.Point, String, Bool)])
  func `a fault happens where it was asked for`(point: Faults.Point, message: String, isStored: Bool)
    async throws
  {
    let isArmed = Lock(false)
    let acted = Lock(false)
    var options = Database.Options()
    options.faults = Faults { if $0 == point, isArmed.withLock({ $0 }) { throw Trouble() } }
    try await withNotes(options: options) { database, _ in
      isArmed.withLock { $0 = true }
      let error = await #expect(throws: (any Error).self) {
        try await database.write { tx in
          tx.afterCommit { acted.withLock { $0 = true } }
          try tx.run("INSERT INTO notes (text) VALUES ('a')")
        }
      }
      #expect(error.map { "\($0)" } == message)
      isArmed.withLock { $0 = false }
      let left = try await database.notes
      #expect(left == (isStored ? ["a"] : []))
      #expect(!acted.withLock { $0 })
    }
  }

  @Test func `a fault in a read reaches its caller only`() async throws {
    let isArmed = Lock(false)
    var options = Database.Options()
    options.faults = Faults { if $0 == .beforeRead, isArmed.withLock({ $0 }) { throw Trouble() } }
    try await withNotes(options: options) { database, _ in
      isArmed.withLock { $0 = true }
      await #expect(throws: Trouble.self) { try await database.notes }
      isArmed.withLock { $0 = false }
      let left = try await database.notes
      #expect(left == [])
    }
  }

  @Test func `actions run after the commit, in order, and before the answer`() async throws {
    try await withNotes { database, _ in
      let seen = Lock<[String]>([])
      _ = try await database.inOneBatch(
        { tx in
          tx.afterCommit { seen.withLock { $0.append("1a") } }
          tx.afterCommit { seen.withLock { $0.append("1b") } }
          seen.withLock { $0.append("body") }
        },
        { tx in
          tx.afterCommit { seen.withLock { $0.append("never") } }
          throw Trouble()
        },
        { tx in tx.afterCommit { seen.withLock { $0.append("3") } } }
      )
      #expect(seen.withLock { $0 } == ["body", "1a", "1b", "3"])
    }
  }

  @Test func `hundreds of writers all get their own answer`() async throws {
    try await withNotes { database, _ in
      try await withThrowingTaskGroup { group in
        for number in 0..<400 {
          group.addTask {
            let mine = try await database.write { tx in
              try tx.run("INSERT INTO notes (text, size) VALUES ($1, $2)", "note \(number)", number)
              return try tx.row("SELECT size FROM notes WHERE text = $1", "note \(number)")
            }
            let size: Int? = try mine?["size"]
            #expect(size == number)
          }
        }
        try await group.waitForAll()
      }
      #expect(try await database.notes.count == 400)
    }
  }

  @Test func `more waiting work than allowed is refused`() async throws {
    var options = Database.Options()
    options.waiting = 2
    try await withNotes(options: options) { database, _ in
      let results = try await database.inOneBatch({ _ in }, { _ in })
      #expect(results.map(\.error) == [nil, nil])
      let hold = Hold()
      async let blocker: Void = database.write { _ in hold.keep() }
      await hold.begun()
      async let first: Void = database.write { _ in }
      async let second: Void = database.write { _ in }
      while database.waitingWrites < 2 { await Task.yield() }
      let error = await #expect(throws: StoreError.self) { try await database.add("too much") }
      #expect(
        error?.description
          == "The database is overloaded: 2 operations are waiting for it. Nothing was done; try again later."
      )
      #expect(error?.isRetryable == true)
      hold.end()
      _ = try await (blocker, first, second)
    }
  }

  @Test func `a closed database refuses, and finishes what it had accepted`() async throws {
    let folder = try Folder()
    let database = try await Database.open(folder.database, migrations: notes)
    try await database.add("a")
    await database.close()
    let error = await #expect(throws: StoreError.self) { try await database.add("b") }
    #expect(error?.description == "The database \(folder.database) has been closed. Nothing was done.")
    await #expect(throws: StoreError.self) { try await database.notes }
    #expect(access(folder.database + "-wal", F_OK) != 0, "the log was not folded into the file")
  }

  @Test func `a lock of another program is waited for and named`() async throws {
    var options = Database.Options()
    options.patience = .milliseconds(30)
    try await withNotes(options: options) { database, folder in
      let other = try await Database.open(folder.database, migrations: notes)
      let hold = Hold()
      async let holder: Void = other.write { _ in hold.keep() }
      await hold.begun()
      let error = await #expect(throws: StoreError.self) { try await database.add("a") }
      #expect(
        error?.description.hasPrefix(
          "Another program has kept the database \(folder.database) locked for more than 0.03 s.") == true)
      hold.end()
      try await holder
      try await database.add("b")
      #expect(try await other.notes == ["b"])
      await other.close()
    }
  }

  @Test func `whoever waits for another's lock says since when, from the first refusal on`() async throws {
    var options = Database.Options()
    options.patience = .milliseconds(500)
    try await withNotes(options: options) { database, folder in
      func waits() async -> Timestamp {
        while true {
          if let since = database.lockedOut(longer: .zero) { return since }
          await Task.yield()
        }
      }
      let other = try await Database.open(folder.database, migrations: notes)
      let hold = Hold()
      async let holder: Void = other.write { _ in hold.keep() }
      await hold.begun()
      #expect(database.lockedOut(longer: .zero) == nil)
      let start = Time.system.now()
      let refusals = Lock(0)
      // Tries again and again, as whoever works on the database does.
      let adding = Task {
        while true {
          do { return try await database.add("a") } catch StoreError.locked { refusals.withLock { $0 += 1 } }
        }
      }
      let since = await waits()
      #expect(since >= start)
      #expect(database.lockedOut(longer: .seconds(60)) == nil)
      while refusals.withLock({ $0 }) < 2 { await Task.yield() }
      #expect(await waits() == since)
      hold.end()
      try await holder
      try await adding.value
      #expect(database.lockedOut(longer: .zero) == nil)
      await other.close()
    }
  }

  @Test func `a process killed between write and commit leaves nothing, one killed after it everything`()
    async throws
  {
    let folder = try Folder()
    let path = folder.database
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      var options = Database.Options()
      let kills = Lock(false)
      options.faults = Faults { point in
        if point == .beforeCommit, kills.withLock({ $0 }) { kill(getpid(), SIGKILL) }
      }
      let database = try await Database.open(path, migrations: notes, options: options)
      try await database.add("committed")
      kills.withLock { $0 = true }
      try await database.add("written only")
    }
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      var options = Database.Options()
      let kills = Lock(false)
      options.faults = Faults { point in
        if point == .afterCommit, kills.withLock({ $0 }) { kill(getpid(), SIGKILL) }
      }
      let database = try await Database.open(path, migrations: notes, options: options)
      kills.withLock { $0 = true }
      try await database.add("answer lost")
    }
    let database = try await Database.open(path, migrations: notes)
    #expect(try await database.notes == ["answer lost", "committed"])
    await database.close()
  }
}
