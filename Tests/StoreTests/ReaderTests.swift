import Foundation
import JSON
import Primitives
import Store
import Testing

@Suite struct ReaderTests {
  @Test func `a read sees one state though others write`() async throws {
    try await withNotes { database, _ in
      try await database.add("a")
      let hold = Hold()
      async let counts = database.read { tx -> [Int] in
        func count() throws -> Int { try tx.row("SELECT COUNT(*) AS n FROM notes")?["n"] ?? -1 }
        let before = try count()
        hold.keep()
        return [before, try count()]
      }
      await hold.begun()
      try await database.add("b")
      #expect(try await database.notes == ["a", "b"])
      hold.end()
      #expect(try await counts == [1, 1])
    }
  }

  @Test func `a write inside a read is refused by name`() async throws {
    try await withNotes { database, _ in
      let error = await #expect(throws: StoreError.self) {
        try await database.read { try $0.run("DELETE FROM notes") }
      }
      #expect(
        error?.description
          == "A statement that changes rows was run inside a read. Use write for: DELETE FROM notes")
      let left = try await database.notes
      #expect(left == [])
    }
  }

  private final class Leak: @unchecked Sendable {
    var transaction: Transaction?
  }

  @Test func `a transaction that was kept is dead`() async throws {
    try await withNotes { database, _ in
      let leak = Leak()
      try await database.write { leak.transaction = $0 }
      #expect(throws: StoreError.self) { try leak.transaction?.rows("SELECT 1") }
      try await database.read { leak.transaction = $0 }
      let error = #expect(throws: StoreError.self) { try leak.transaction?.rows("SELECT 1") }
      #expect(
        error?.description
          == "A transaction was used after its closure had returned. Do the work inside the closure.")
    }
  }

  @Test func `every kind of value survives a row`() async throws {
    try await withNotes { database, _ in
      let json: JSON = ["a": [1, 2.5, "x", nil, true]]
      let nothing: String? = nil
      let row = try await database.read { tx in
        try tx.row(
          "SELECT $1 AS i, $2 AS d, $3 AS s, $4 AS b, $5 AS t, $6 AS m, $7 AS j, $8 AS n, $9 AS l", 7, 0.5,
          "ü",
          [UInt8]([1, 2]), true, Timestamp(microseconds: 5), json, nothing, Int64.max)
      }
      let found = try #require(row)
      #expect(try found["i"] == 7)
      #expect(try found["d"] as Double == 0.5)
      #expect(try found["s"] == "ü")
      #expect(try found["b"] == [UInt8]([1, 2]))
      #expect(try found["t"] == true)
      #expect(try found["m"] == Timestamp(microseconds: 5))
      #expect(try found["j"] == json)
      let missing: String? = try found["n"]
      #expect(missing == nil)
      let present: String? = try found["s"]
      #expect(present == "ü")
      #expect(try found["l"] == Int64.max)
    }
  }

  @Test func `a wrong column or type is named`() async throws {
    try await withNotes { database, _ in
      let row = try #require(try await database.read { try $0.row("SELECT 1 AS a, NULL AS b, 'x{' AS c") })
      func message<T: ColumnValue>(_ name: String, _: T.Type) -> String? {
        do {
          let _: T = try row[name]
          return nil
        } catch {
          return "\(error)"
        }
      }
      #expect(message("z", Int.self) == "The answer has no column z, only a, b, c.")
      #expect(message("a", String.self) == "The column a holds an integer, which is not a String.")
      #expect(message("b", Int.self) == "The column b holds NULL, which is not a Int.")
      #expect(message("c", JSON.self) == "The column c holds text, which is not a JSON.")
      #expect(message("b", Int?.self) == nil)
    }
  }

  @Test func `a backup is complete and appears at once`() async throws {
    try await withNotes { database, folder in
      for number in 0..<50 { try await database.add("note \(number)") }
      try await database.backup(to: folder.file("copy.db"))
      try await database.backup(to: folder.file("copy.db"))
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(!names.contains { $0.hasSuffix(".part") })
      let error = await #expect(throws: StoreError.self) {
        try await database.backup(to: folder.file("missing/copy.db"))
      }
      #expect(error?.description.contains("\(folder.path)/missing/copy.db cannot be opened") == true)
      let copy = try await Database.open(folder.file("copy.db"), migrations: notes)
      #expect(try await copy.notes.count == 50)
      await copy.close()
    }
  }

  @Test func `a backup follows no link, and is its owner's alone`() async throws {
    try await withNotes { database, folder in
      try await database.add("private")
      let other = folder.file("other.txt")
      try "Somebody else's.".write(toFile: other, atomically: true, encoding: .utf8)
      for name in ["copy.db", "copy.db.part"] {
        try FileManager.default.createSymbolicLink(atPath: folder.file(name), withDestinationPath: other)
      }
      try await database.backup(to: folder.file("copy.db"))
      #expect(try String(contentsOfFile: other, encoding: .utf8) == "Somebody else's.")
      let facts = try FileManager.default.attributesOfItem(atPath: folder.file("copy.db"))
      #expect(facts[.type] as? FileAttributeType == .typeRegular)
      #expect((facts[.posixPermissions] as? Int) == 0o600)
    }
  }
}
