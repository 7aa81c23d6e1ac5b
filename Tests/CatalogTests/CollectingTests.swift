import Foundation
import Primitives
import Store
import TestSupport
import Testing

@testable import Catalog

/// Contents that nothing names go after a day, and none that somebody counts on.
@Suite struct CollectingTests {
  private struct Crash: Error {}

  private let hour = Duration.seconds(3600)

  private func files(_ store: CatalogStore) throws -> Files {
    try Files(directory: store.directory + "/files", time: store.clock.time)
  }

  private func isThere(_ files: Files, _ content: Content) -> Bool {
    FileManager.default.fileExists(atPath: files.path(ofContent: content.sha256))
  }

  @discardableResult
  private func round(
    _ files: Files, _ store: CatalogStore,
    fault: @escaping @Sendable (Files.CollectingStep) throws -> Void = { _ in }
  ) async throws -> Int {
    try await files.collect(store.database, pause: .zero, fault: fault).contents
  }

  @Test func `what nothing names goes a day after it was found so`() async throws {
    try await CatalogStore.with { store in
      let files = try files(store)
      let (kept, lost) = (try files.keep([1]), try files.keep([2]))
      let file = try await store.database.write { tx in try files.add(tx, kept, named: "a") }
      store.clock.advance(by: hour * 30)
      #expect(try await round(files, store) == 0)
      store.clock.advance(by: hour * 23)
      #expect(try await round(files, store) == 0)
      #expect(isThere(files, lost))
      store.clock.advance(by: hour * 2)
      #expect(try await round(files, store) == 1)
      #expect(!isThere(files, lost) && isThere(files, kept))
      // The grace of the other begins when its name goes, however old it is.
      try await store.database.write { tx in try files.delete(tx, file.id) }
      #expect(try await round(files, store) == 0)
      store.clock.advance(by: hour * 25)
      #expect(try await round(files, store) == 1)
      #expect(!isThere(files, kept))
      #expect(try await store.database.read { tx in try tx.rows("SELECT * FROM unnamed_contents") }.isEmpty)
    }
  }

  @Test func `a name in time saves a content, and an expired upload does not`() async throws {
    try await CatalogStore.with { store in
      let files = try files(store)
      let (saved, expired, other) = (try files.keep([1]), try files.keep([2]), try files.keep([3]))
      files.keepContents { _, asked in asked.intersection([other.sha256]) }
      _ = try await store.database.write { [hour] tx in
        try files.add(tx, expired, named: "b", expiresIn: hour)
      }
      store.clock.advance(by: hour * 25)
      #expect(try await round(files, store) == 0)
      _ = try await store.database.write { tx in try files.add(tx, saved, named: "a") }
      store.clock.advance(by: hour * 25)
      #expect(try await round(files, store) == 1)
      #expect(isThere(files, saved) && isThere(files, other) && !isThere(files, expired))
      // Marked before it had its name; that does not count against it later.
      let marks = try await store.database.read { tx in try tx.rows("SELECT * FROM unnamed_contents").count }
      #expect(marks == 0)
    }
  }

  @Test func `an upload of the same bytes begins the grace anew`() async throws {
    try await CatalogStore.with { store in
      let files = try files(store)
      let content = try files.keep([1])
      store.clock.advance(by: hour * 25)
      try await round(files, store)
      store.clock.advance(by: hour * 25)
      // Kept, and its row comes after the round.
      #expect(try files.keep([1]) == content)
      #expect(try await round(files, store) == 0)
      _ = try await store.database.write { tx in try files.add(tx, content, named: "a") }
      #expect(try files.bytes(of: content) == [1])
    }
  }

  @Test func `an upload between the look and the taking finds its bytes, whichever way it falls`()
    async throws
  {
    try await CatalogStore.with { store in
      let files = try files(store)
      let content = try files.keep([1])
      store.clock.advance(by: hour * 25)
      try await round(files, store)
      store.clock.advance(by: hour * 25)
      // At this moment the file is aside: whoever keeps the bytes writes them anew.
      try await round(files, store) { step in
        guard step == .setAside else { return }
        let kept = try files.keep([1])
        #expect(kept == content)
      }
      #expect(isThere(files, content))
      #expect(try files.bytes(of: content) == [1])
      _ = try await store.database.write { tx in try files.add(tx, content, named: "a") }
      try await round(files, store)
      #expect(try files.bytes(of: content) == [1])
      // Renewed through the file itself, just before it was set aside: it goes back.
      let other = try files.keep([2])
      store.clock.advance(by: hour * 25)
      try await round(files, store)
      store.clock.advance(by: hour * 25)
      let aside = "\(files.directory)/going-\(other.sha256)"
      let now = Date(timeIntervalSince1970: Double(store.clock.time.now().seconds))
      let taken = try await round(files, store) { step in
        guard step == .setAside else { return }
        try FileManager.default.setAttributes([.modificationDate: now], ofItemAtPath: aside)
      }
      #expect(taken == 0)
      #expect(isThere(files, other) && !FileManager.default.fileExists(atPath: aside))
    }
  }

  @Test(arguments: Files.CollectingStep.allCases, [false, true])
  func `a crash between the steps loses nothing that is named, and the next round goes on`(
    step: Files.CollectingStep, isNamedThen: Bool
  ) async throws {
    try await CatalogStore.with { store in
      let files = try files(store)
      let content = try files.keep([1])
      store.clock.advance(by: hour * 25)
      if step != .marked {
        try await round(files, store)
        store.clock.advance(by: hour * 25)
      }
      await #expect(throws: Crash.self) {
        try await round(files, store) { at in if at == step { throw Crash() } }
      }
      let again = try Files(directory: files.directory, time: store.clock.time)
      if isNamedThen {
        #expect(try again.keep([1]) == content)
        _ = try await store.database.write { tx in try again.add(tx, content, named: "a") }
      }
      try await again.settleLeftovers(store.database)
      for _ in 1...3 {
        try await round(again, store)
        store.clock.advance(by: hour * 25)
      }
      #expect(isThere(again, content) == isNamedThen)
      let left = try FileManager.default.contentsOfDirectory(atPath: files.directory).filter { $0.count > 2 }
      #expect(left == [])
    }
  }

  @Test func `what was set aside and has a name by then comes back`() async throws {
    try await CatalogStore.with { store in
      let files = try files(store)
      let content = try files.keep([1])
      _ = try await store.database.write { tx in try files.add(tx, content, named: "a") }
      store.clock.advance(by: hour * 50)
      // As a crash leaves it between the second step and the third.
      try FileManager.default.moveItem(
        atPath: files.path(ofContent: content.sha256), toPath: "\(files.directory)/going-\(content.sha256)")
      try await files.settleLeftovers(store.database)
      #expect(try files.bytes(of: content) == [1])
    }
  }

  @Test func `parts of uploads that ended in a crash go after a day`() async throws {
    try await CatalogStore.with { store in
      let files = try files(store)
      let part = "\(files.directory)/partial-00"
      try Data([1]).write(to: URL(fileURLWithPath: part))
      let written = Date(timeIntervalSince1970: Double(store.clock.time.now().seconds))
      try FileManager.default.setAttributes([.modificationDate: written], ofItemAtPath: part)
      store.clock.advance(by: hour * 23)
      try await round(files, store)
      #expect(FileManager.default.fileExists(atPath: part))
      store.clock.advance(by: hour * 2)
      try await round(files, store)
      #expect(!FileManager.default.fileExists(atPath: part))
    }
  }

  @Test func `many contents are looked at in batches, each of them once`() async throws {
    try await CatalogStore.with { store in
      let files = try files(store)
      // All in one folder, so that it takes several batches.
      let folder = "\(files.directory)/ab"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let written = Date(timeIntervalSince1970: Double(store.clock.time.now().seconds))
      let count = 2 * Files.batch + 7
      for number in 0..<count {
        let path = folder + "/" + String(number, radix: 16)
        try Data().write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.modificationDate: written], ofItemAtPath: path)
      }
      store.clock.advance(by: hour * 25)
      #expect(try await round(files, store) == 0)
      store.clock.advance(by: hour * 25)
      #expect(try await round(files, store) == count)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
    }
  }
}
