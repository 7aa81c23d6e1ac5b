import Foundation
import SQLite
import Testing

@Suite struct SavepointTests {
  @Test func `what a savepoint of many pages would restore goes into no file`() throws {
    let folder = try Folder()
    let connection = try Connection(folder.file("a.db"), access: .write, patience: .zero)
    try connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB)")
    for id in 0..<1000 {
      _ = try connection.run("INSERT INTO t VALUES ($1, zeroblob(3000))", [.integer(Int64(id))])
    }
    try connection.execute("BEGIN; SAVEPOINT here")
    // A thousand pages, each kept as it was: 4 MB, of which SQLite by itself holds 64 KiB in memory.
    try connection.execute("UPDATE t SET x = randomblob(3000)")
    #expect(temporaryFiles() == [])
    try connection.execute("ROLLBACK TO here; RELEASE here; COMMIT")
    #expect(try connection.run("SELECT 1 FROM t WHERE x <> zeroblob(3000)").rows.isEmpty)
  }

  /// SQLite's, which this process has open.
  private func temporaryFiles() -> [String] {
    let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return open.compactMap {
      try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
    }
    .filter { $0.contains("etilqs") }
  }
}
