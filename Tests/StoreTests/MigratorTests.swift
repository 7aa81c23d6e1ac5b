import Foundation
import Primitives
import SQLite
import Store
import Testing

@Suite struct MigratorTests {
  let folder: Folder
  let first = Migration(id: "a-0001", sql: "CREATE TABLE a (n INTEGER) STRICT; INSERT INTO a VALUES (1)")
  let second = Migration(
    id: "b-0001", sql: "CREATE TABLE b (n INTEGER) STRICT; INSERT INTO b SELECT n FROM a")

  init() throws { folder = try Folder() }

  /// Opens, closes, and returns the sentence if that was refused.
  private func refusal(_ migrations: [Migration]) async -> String? {
    do {
      await (try Database.open(folder.database, migrations: migrations)).close()
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func `steps are applied once, in order, and a later one of an earlier domain too`() async throws {
    #expect(await refusal([first]) == nil)
    #expect(await refusal([first, second]) == nil)
    let between = Migration(id: "a-0002", sql: "INSERT INTO a VALUES (2)")
    var options = Database.Options()
    options.time.now = { Timestamp(microseconds: 42) }
    let database = try await Database.open(
      folder.database, migrations: [first, between, second], options: options)
    let (sum, at) = try await database.read { tx in
      let sum: Int? = try tx.row("SELECT SUM(n) AS n FROM a")?["n"]
      let at: Timestamp? = try tx.row("SELECT applied_at FROM migrations WHERE id = 'a-0002'")?["applied_at"]
      return (sum, at)
    }
    #expect(sum == 3)
    #expect(at == Timestamp(microseconds: 42))
    await database.close()
  }

  @Test func `an unknown step means a newer version`() async throws {
    #expect(await refusal([first, second]) == nil)
    #expect(
      await refusal([first])
        == "The database \(folder.database) was made by a newer version of errand: it has the step b-0001, "
        + "which this program does not know. Start the newer version, or restore the backup made before the upgrade."
    )
  }

  @Test func `an edited step is refused`() async throws {
    #expect(await refusal([first]) == nil)
    #expect(
      await refusal([Migration(id: "a-0001", sql: first.sql + " ")])
        == "The step a-0001 of the schema is not the one that was applied to this database. "
        + "Use a released version of errand; released steps never change.")
  }

  @Test func `two steps of one name are refused`() async throws {
    #expect(
      await refusal([first, first])
        == "Two steps of the schema are called a-0001. Rename one of them.")
  }

  @Test func `a step that fails leaves nothing of itself`() async throws {
    let broken = Migration(
      id: "c-0001", sql: "CREATE TABLE c (n INTEGER) STRICT; INSERT INTO nowhere VALUES (1)")
    let refusal = await refusal([first, broken])
    #expect(
      refusal?.hasPrefix("The step c-0001 of the schema could not be applied, and nothing of it was:") == true
    )
    #expect(refusal?.contains("no such table: nowhere") == true)
    let ends = Migration(id: "d-0001", sql: "CREATE TABLE d (n INTEGER) STRICT; COMMIT")
    #expect(await self.refusal([first, ends])?.contains("it ended the transaction it runs in.") == true)
    let connection = try Connection(folder.database, access: .write, patience: .zero)
    #expect(try connection.run("SELECT name FROM sqlite_master WHERE name = 'c'").rows == [])
    #expect(try connection.run("SELECT id FROM migrations").rows == [[.text("a-0001")]])
  }

  @Test func `the database of another program is left alone`() async throws {
    do {
      let connection = try Connection(folder.database, access: .write, patience: .zero)
      try connection.execute("CREATE TABLE theirs (n INTEGER)")
    }
    #expect(
      await refusal([first])
        == "\(folder.database) is a database of another program. Give another path; nothing in it was changed."
    )
  }

  @Test func `a file that is no database is named`() async throws {
    try Data(repeating: 0x41, count: 5000).write(to: URL(filePath: folder.database))
    #expect(
      await refusal([first])
        == "\(folder.database) is not a database. Give another path, or move this file away and restore a backup."
    )
  }

  @Test func `a missing directory is named`() async throws {
    let error = await #expect(throws: StoreError.self) {
      try await Database.open(folder.file("no/a.db"), migrations: [])
    }
    #expect(
      error?.description
        == "The directory \(folder.path)/no of the database cannot be used: No such file or directory. "
        + "Make it, and give this user write access.")
  }

  @Test func `many that start together on a new file apply each step once`() async throws {
    let path = folder.database
    let migrations = [first, second]
    try await withThrowingTaskGroup { group in
      for _ in 0..<8 {
        group.addTask {
          let database = try await Database.open(path, migrations: migrations)
          let count: Int? = try await database.read { try $0.row("SELECT COUNT(*) AS n FROM b")?["n"] }
          #expect(count == 1)
          await database.close()
        }
      }
      try await group.waitForAll()
    }
  }
}
