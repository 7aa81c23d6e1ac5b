import Foundation
import Primitives
import Store

/// A directory for one test, removed with it.
final class Folder: Sendable {
  let path: String

  init() throws {
    path = "/tmp/store-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var database: String { file("a.db") }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}

let notes = [
  Migration(id: "notes-0001", sql: "CREATE TABLE notes (text TEXT PRIMARY KEY, size INTEGER) STRICT")
]

/// Opens a database with a table of notes, and closes it whatever happens.
func withNotes(
  options: Database.Options = .init(), _ body: (Database, Folder) async throws -> Void
) async throws {
  let folder = try Folder()
  let database = try await Database.open(folder.database, migrations: notes, options: options)
  do {
    try await body(database, folder)
  } catch {
    await database.close()
    throw error
  }
  await database.close()
}

extension Database {
  func add(_ note: String) async throws {
    try await write { try $0.run("INSERT INTO notes (text) VALUES ($1)", note) }
  }

  var notes: [String] {
    get async throws {
      try await read { try $0.rows("SELECT text FROM notes ORDER BY text").map { try $0["text"] } }
    }
  }

  /// Runs the closures in one batch: the writer is kept busy until all of them wait.
  func inOneBatch<T: Sendable>(
    _ closures: (@Sendable (Transaction) throws -> T)...
  ) async throws -> [Result<T, any Error>] {
    let hold = Hold()
    let held = Task { try await self.write { _ in hold.keep() } }
    await hold.begun()
    return try await withThrowingTaskGroup { group in
      for (index, closure) in closures.enumerated() {
        let added = waitingWrites
        group.addTask {
          do {
            return (index, Result<T, any Error>.success(try await self.write(closure)))
          } catch {
            return (index, .failure(error))
          }
        }
        while waitingWrites == added { await Task.yield() }
      }
      hold.end()
      var results: [Int: Result<T, any Error>] = [:]
      for try await (index, result) in group { results[index] = result }
      try await held.value
      return closures.indices.compactMap { results[$0] }
    }
  }
}

/// Keeps a thread of the database busy until it is let go.
final class Hold: Sendable {
  private let isBegun = Gate(false)
  private let isOver = Gate(false)

  /// Called inside the closure of a read or write.
  func keep() {
    isBegun.update { $0 = true }
    isOver.wait { $0 ? () : nil }
  }

  func begun() async {
    await Thread.run("test-wait") { self.isBegun.wait { $0 ? () : nil } }
  }

  func end() {
    isOver.update { $0 = true }
  }
}

extension Result where Failure == any Error {
  var error: String? {
    if case .failure(let error) = self { "\(error)" } else { nil }
  }
}

struct Trouble: Error, CustomStringConvertible {
  let description: String
  init(_ description: String = "Trouble on request.") { self.description = description }
}
