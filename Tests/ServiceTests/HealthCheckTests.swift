import API
import Foundation
import PathSupport
import Primitives
import Queue
import Store
import TestSupport
import Testing

@testable import Service

/// The checks of what everything lies in, and of those who work.
@Suite(.timeLimit(.minutes(5))) struct HealthCheckTests {
  private static func detail(_ check: HealthCheck) async -> String? {
    await Health([check], patience: .seconds(60), log: Path.log).findings().first?.detail
  }

  @Test func `a database that cannot be written is not well`() async throws {
    try await withPath(adding: HealthCheck.migrations) { path in
      let check = HealthCheck.database(path.database, time: path.clock.time)
      #expect(await Self.detail(check) == nil)
      path.clock.advance(by: .seconds(1))
      #expect(await Self.detail(check) == nil)
      // Something else lies where the file was.
      let file = "\(path.folder.path)/errand.db"
      try FileManager.default.moveItem(atPath: file, toPath: file + ".away")
      #expect(
        await Self.detail(check)
          == "\(file) is gone: No such file or directory. Stop the server and put it back.")
      try "".write(toFile: file, atomically: true, encoding: .utf8)
      #expect(
        await Self.detail(check)
          == "\(file) is another file than the one that was opened. Restart the server.")
      try FileManager.default.removeItem(atPath: file)
      try FileManager.default.moveItem(atPath: file + ".away", toPath: file)
      #expect(await Self.detail(check) == nil)
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
      let head = try #require(FileManager.default.contents(atPath: file)).prefix(16)
      try handle.write(contentsOf: Data(repeating: 0x58, count: 16))
      #expect(
        await Self.detail(check)
          == "\(file) is no database any more: something else has written to it. Restore it from a backup.")
      try handle.seek(toOffset: 0)
      try handle.write(contentsOf: head)
      await path.database.close()
      #expect(await Self.detail(check) != nil)
    }
  }

  @Test func `a folder that takes no files is not well, and a disk that cannot be asked`() async throws {
    let folder = try TemporaryFolder()
    #expect(await Self.detail(.files(folder.path)) == nil)
    #expect(await Self.detail(.disk(folder.path)) == nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    let gone = "\(folder.path)/gone"
    #expect(
      await Self.detail(.files(gone)) == "Nothing can be written to \(gone): No such file or directory.")
    #expect(
      await Self.detail(.disk(gone)) == "\(gone) cannot be asked for its room: No such file or directory.")
  }

  @Test func `a silent worker is not well, nor one that takes nothing`() async throws {
    try await withPath { path in
      let check = HealthCheck.workers(path.queue, born: path.clock.now, time: path.clock.time)
      func beat() async throws {
        try await path.database.write { [now = path.clock.now] tx in
          try tx.run(
            """
            INSERT INTO workers (id, host, boot, started_at, beat_at) VALUES ('w', 'h', 'b', $1, $1)
            ON CONFLICT (id) DO UPDATE SET beat_at = $1
            """, now)
        }
      }
      path.clock.advance(by: .seconds(60))
      #expect(await Self.detail(check) == nil)
      path.clock.advance(by: .seconds(1))
      #expect(
        await Self.detail(check)
          == "No worker has given a sign of life for 1m. Start one, or look into its log.")
      try await beat()
      #expect(await Self.detail(check) == nil)
      let due = path.clock.now
      try await path.database.write { [queue = path.queue] tx in
        try queue.push(tx, ItemKind(rawValue: "session"), "sesn_1", due: due)
      }
      path.clock.advance(by: .seconds(61))
      try await beat()
      #expect(
        await Self.detail(check)
          == "A session is due since \(due), and nothing of its kind is being worked on. Look into the worker's log, and "
          + "restart it.")
      try await path.database.write { tx in
        try tx.run("UPDATE items SET worker = 'w' WHERE ref = 'sesn_1'")
      }
      #expect(await Self.detail(check) == nil)
    }
  }
}
