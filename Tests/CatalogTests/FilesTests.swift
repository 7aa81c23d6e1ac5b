import Foundation
import Primitives
import Store
import TestSupport
import Testing

@testable import Catalog

@Suite("Files and their contents")
struct FilesTests {
  @Test func `a content is kept once, under its hash`() async throws {
    try await CatalogStore.with { store in
      let files = try Files(directory: store.directory + "/files")
      let content = try files.keep(Array("abc".utf8))
      #expect(content.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
      #expect(try files.keep(Array("abc".utf8)) == content)
      #expect(try files.bytes(of: content) == Array("abc".utf8))
      let left = try FileManager.default.subpathsOfDirectory(atPath: store.directory + "/files").sorted()
      #expect(left == ["ba", "ba/" + content.sha256.dropFirst(2)])
      #expect(throws: FilesError.tooLarge(size: 3, limit: 2)) { try files.bytes(of: content, limit: 2) }
    }
  }

  @Test func `keeping a content again makes it young, so that it is not collected`() async throws {
    try await CatalogStore.with { store in
      let files = try Files(directory: store.directory + "/files")
      let path = files.path(ofContent: try files.keep(Array("abc".utf8)).sha256)
      let old = Date(timeIntervalSince1970: 1000)
      try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: path)
      _ = try files.keep(Array("abc".utf8))
      let date = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
      #expect(try #require(date) > old)
    }
  }

  @Test func `what changed on the disk is given to nobody, and mended by the same bytes`() async throws {
    try await CatalogStore.with { store in
      let files = try Files(directory: store.directory + "/files")
      let bytes = [UInt8](repeating: 7, count: 1_000_000)
      let content = try files.keep(bytes)
      let path = files.path(ofContent: content.sha256)
      #expect(try files.verified(content.sha256) == path)
      #expect(files.damage == nil)
      // One bit, with the same length and the same times of access and writing.
      let times = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
      chmod(path, 0o600)
      let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
      try handle.seek(toOffset: 500_000)
      try handle.write(contentsOf: [6])
      try handle.close()
      try FileManager.default.setAttributes([.modificationDate: times as Any], ofItemAtPath: path)
      for check in [{ _ = try files.verified(content.sha256) }, { _ = try files.bytes(of: content) }] {
        let error = #expect(throws: FilesError.self, performing: check)
        #expect(error?.description.hasPrefix("\(path) is not what was stored: its SHA-256 is ") == true)
        #expect(error?.toldToClients.contains(store.directory) == false)
      }
      await #expect(throws: FilesError.self) { try await files.verifiedPath(of: content.sha256) }
      #expect(
        files.damage?.hasPrefix("1 of the stored contents are not what was stored, such as \(path)") == true)
      // An upload of the same bytes does not rely on what lies there.
      #expect(try files.keep(bytes) == content)
      #expect(try await files.verifiedPath(of: content.sha256) == path)
      #expect(try files.bytes(of: content) == bytes)
      #expect(files.damage == nil)
    }
  }

  @Test func `a named pipe in a content's place holds nobody up, and is mended by the same bytes`()
    async throws
  {
    try await CatalogStore.with { store in
      let files = try Files(directory: store.directory + "/files")
      let bytes = Array("abc".utf8)
      let content = try files.keep(bytes)
      let path = files.path(ofContent: content.sha256)
      unlink(path)
      #expect(mkfifo(path, 0o600) == 0)
      for check in [{ _ = try files.verified(content.sha256) }, { _ = try files.bytes(of: content) }] {
        let error = #expect(throws: FilesError.self, performing: check)
        #expect(error?.description.hasPrefix("\(path) is no plain file any more") == true)
        #expect(error?.toldToClients.contains(store.directory) == false)
      }
      #expect(files.damage?.contains(path) == true)
      #expect(try files.keep(bytes) == content)
      #expect(try files.bytes(of: content) == bytes)
    }
  }

  @Test func `a content that is gone is told as such`() async throws {
    try await CatalogStore.with { store in
      let files = try Files(directory: store.directory + "/files")
      let content = try files.keep(Array("abc".utf8))
      unlink(files.path(ofContent: content.sha256))
      #expect(throws: FilesError.system(path: files.path(ofContent: content.sha256), errno: ENOENT)) {
        try files.verified(content.sha256)
      }
      #expect(files.damage == nil)
    }
  }

  @Test func `a private copy is taken over and removed, a link is not followed`() async throws {
    try await CatalogStore.with { store in
      let files = try Files(directory: store.directory + "/files")
      let copy = store.directory + "/copy"
      let bytes = [UInt8](repeating: 7, count: 3_000_000)
      try Data(bytes).write(to: URL(fileURLWithPath: copy))
      let content = try await files.keep(copy: copy)
      #expect(content.size == 3_000_000)
      #expect(try files.bytes(of: content) == bytes)
      #expect(!FileManager.default.fileExists(atPath: copy))
      try FileManager.default.createSymbolicLink(atPath: copy, withDestinationPath: "/etc/passwd")
      await #expect(throws: FilesError.self) { try await files.keep(copy: copy) }
    }
  }

  @Test func `holes take no space in the store`() async throws {
    try await CatalogStore.with { store in
      let files = try Files(directory: store.directory + "/files")
      let copy = store.directory + "/copy"
      var bytes = [UInt8](repeating: 0, count: 20 << 20)
      bytes[5_000_000] = 1
      try Data(bytes).write(to: URL(fileURLWithPath: copy))
      let content = try await files.keep(copy: copy)
      #expect(content == (try files.keep(bytes)))
      #expect(try files.bytes(of: content) == bytes)
      var status = stat()
      #expect(stat(files.path(ofContent: content.sha256), &status) == 0)
      #expect(status.st_blocks < 8 << 11)
    }
  }

  @Test func `names that an agent chose never stand in the way`() async throws {
    try await CatalogStore.with { store in
      let files = try Files(directory: store.directory + "/files")
      let (one, two) = (try files.keep([1]), try files.keep([2]))
      // The last two are equal as texts, and differ in their bytes.
      let names = ["a", "a", "2-a", "caf\u{E9}", "cafe\u{301}"]
      let expected = ["a", "3-a", "2-a", "caf\u{E9}", "cafe\u{301}"].map { Array($0.utf8) }
      try await store.database.write { tx in
        for content in [one, two, two] {
          let made = try files.replace(
            tx, session: "sesn_1", with: names.map { Files.Collected(name: $0, content: content) })
          #expect(made.map { Array($0.filename.utf8) } == expected)
          #expect(made.allSatisfy { $0.content == content })
          #expect(Set(made.map(\.id)).count == 5)
        }
        for file in try files.list(tx, session: "sesn_1") { try files.delete(tx, file.id) }
        let made = try files.replace(
          tx, session: "sesn_1", with: names.map { Files.Collected(name: $0, content: two) })
        #expect(made.isEmpty)
      }
    }
  }

  @Test func `a session's files follow what was collected`() async throws {
    try await CatalogStore.with { store in
      let files = try Files(directory: store.directory + "/files")
      let (one, two) = (try files.keep([1]), try files.keep([2]))
      try await store.database.write { tx in
        let first = try files.replace(
          tx, session: "sesn_1",
          with: [Files.Collected(name: "a.md", content: one), Files.Collected(name: "b.txt", content: one)])
        #expect(first.map(\.mimeType) == ["text/markdown", "text/plain"])
        let second = try files.replace(
          tx, session: "sesn_1",
          with: [Files.Collected(name: "a.md", content: one), Files.Collected(name: "b.txt", content: two)])
        #expect(second[0] == first[0])
        #expect(second[1].id != first[1].id)
        _ = try files.replace(tx, session: "sesn_1", with: [Files.Collected(name: "b.txt", content: two)])
        #expect(try files.list(tx, session: "sesn_1").map(\.filename) == ["b.txt"])
        #expect(throws: FilesError.notFound(id: first[0].id)) { try files.file(tx, first[0].id) }
      }
    }
  }

  @Test func `a place that cannot be made is named`() {
    let error = #expect(throws: FilesError.self) { try Files(directory: "/proc/no/such") }
    #expect(error?.description == "/proc/no/such: No such file or directory.")
  }

  @Test func `a deliverable that was deleted stays away until it is another`() async throws {
    try await CatalogStore.with { store in
      let files = try Files(directory: store.directory + "/files")
      let (one, two) = (try files.keep([1]), try files.keep([2]))
      @Sendable func names(_ tx: Transaction, _ collected: (String, Content)...) throws -> [String] {
        let made = try files.replace(
          tx, session: "sesn_1", with: collected.map { Files.Collected(name: $0.0, content: $0.1) })
        #expect(try files.list(tx, session: "sesn_1").map(\.filename) == made.map(\.filename))
        return made.map(\.filename)
      }
      @Sendable func delete(_ tx: Transaction, _ name: String) throws {
        for file in try files.list(tx, session: "sesn_1") where file.filename == name {
          try files.delete(tx, file.id)
        }
      }
      try await store.database.write { tx in
        #expect(try names(tx, ("a", one), ("b", one)) == ["a", "b"])
        try delete(tx, "a")
        #expect(try names(tx, ("a", one), ("b", one)) == ["b"])
        #expect(try names(tx, ("a", one), ("b", two)) == ["b"])
        #expect(try names(tx, ("a", two), ("b", two)) == ["a", "b"])
        // What it was before is wanted again now.
        #expect(try names(tx, ("a", one)) == ["a"])
        try delete(tx, "a")
        // Removed by the agent and made again, it is new.
        #expect(try names(tx) == [])
        #expect(try names(tx, ("a", one)) == ["a"])
        try delete(tx, "a")
        try files.deleteAll(tx, of: "sesn_1")
        #expect(try tx.rows("SELECT * FROM deleted_deliverables").isEmpty)
      }
    }
  }

  @Test func `a file expires so long after its creation as was said`() async throws {
    try await CatalogStore.with { store in
      // On a clock that goes on between two looks at it.
      let looks = Lock(0)
      var time = store.clock.time
      time.now = {
        looks.withLock { $0 += 1 }
        return Timestamp(seconds: 1_800_000_000 + Int64(looks.withLock { $0 }))
      }
      let files = try Files(directory: store.directory + "/files", time: time)
      let content = try files.keep([1])
      let file = try await store.database.write { tx in
        try files.add(tx, content, named: "a", expiresIn: .seconds(3600))
      }
      #expect(file.expiresAt == file.createdAt + .seconds(3600))
    }
  }
}
