import Foundation
import Primitives
import Store
import Testing

@Suite struct DoorbellTests {
  @Test func `a commit that rang wakes listeners here and at the other database`() async throws {
    try await withNotes { database, folder in
      let other = try await Database.open(folder.database, migrations: notes)
      var here = database.changes().makeAsyncIterator()
      var there = other.changes().makeAsyncIterator()
      try await database.write { tx in
        try tx.run("INSERT INTO notes (text) VALUES ('a')")
        tx.ring()
      }
      #expect(await here.next() != nil)
      #expect(await there.next() != nil)
      #expect(try await other.notes == ["a"])
      try await other.write { $0.ring() }
      #expect(await here.next() != nil)
      #expect(await there.next() != nil)
      await other.close()
      #expect(await there.next() == nil)
    }
  }

  @Test func `a rolled back or silent commit wakes nobody`() async throws {
    try await withNotes { database, _ in
      let woken = Lock(0)
      let changes = database.changes()
      let listener = Task { for await _ in changes { woken.withLock { $0 += 1 } } }
      await #expect(throws: Trouble.self) {
        try await database.write { tx in
          tx.ring()
          throw Trouble()
        }
      }
      try await database.add("silent")
      await database.close()
      await listener.value
      #expect(woken.withLock { $0 } == 0)
    }
  }

  @Test func `many rings that nobody heard are one`() async throws {
    try await withNotes { database, _ in
      let changes = database.changes()
      for _ in 0..<20 { try await database.write { $0.ring() } }
      await database.close()
      var count = 0
      for await _ in changes { count += 1 }
      #expect(count == 1)
    }
  }

  @Test func `the bell of a process that was killed is removed at the next ring`() async throws {
    let folder = try Folder()
    let path = folder.database
    func bells() throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: folder.file("bells")).count
    }
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let database = try await Database.open(path, migrations: notes)
      try await database.add("a")
      kill(getpid(), SIGKILL)
    }
    #expect(try bells() == 1)
    let database = try await Database.open(path, migrations: notes)
    #expect(try bells() == 2)
    try await database.write { $0.ring() }
    #expect(try bells() == 1)
    await database.close()
    #expect(try bells() == 0)
  }

  @Test func `a database far down a long path has a bell`() async throws {
    let folder = try Folder()
    let deep = folder.file(String(repeating: "d", count: 150))
    try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
    let one = try await Database.open(deep + "/a.db", migrations: notes)
    let two = try await Database.open(deep + "/a.db", migrations: notes)
    var changes = two.changes().makeAsyncIterator()
    try await one.write { $0.ring() }
    #expect(await changes.next() != nil)
    await one.close()
    await two.close()
  }
}
