import Callbacks
import Catalog
import Foundation
import IntegrationsSupport
import JSON
import Jobs
import Outbox
import PathSupport
import Primitives
import Reading
import Store
import TestSupport
import Testing

@testable import Integrations

@Suite(.timeLimit(.minutes(5))) struct DirectoryTargetTests {
  /// Puts files of a session on their way to a folder.
  private static func add(_ bench: CallbackBench, _ files: [(String, String)], to folder: String? = nil)
    async throws
    -> String
  {
    let ids = try await bench.path.database.write { tx in
      try files.map { name, text in
        let content = try bench.path.files.keep(Array(text.utf8))
        return JSON.object([
          "id": .string(try bench.path.files.add(tx, content, named: name, session: "sesn_1").id)
        ])
      }
    }
    return try await bench.add(
      "directory", ["path": .string(folder ?? bench.folder)],
      data: ["job": "daily-brief", "created_at": "2026-11-12T09:00:00Z", "files": .array(ids)])
  }

  private static func tree(_ folder: String) -> [String] {
    (FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []).sorted()
  }

  @Test func `a run's files and its result appear in a folder of their own`() async throws {
    try await withCallbacks { bench in
      let id = try await Self.add(bench, [("brief.md", "# Brief"), ("data/2026/a.csv", "a,b")])
      try await bench.work()
      let folder = "2026-11-12-daily-brief-run_1"
      #expect(
        Self.tree(bench.folder) == [
          folder, "\(folder)/brief.md", "\(folder)/data", "\(folder)/data/2026",
          "\(folder)/data/2026/a.csv", "\(folder)/result.json",
        ])
      #expect(try String(contentsOfFile: "\(bench.folder)/\(folder)/brief.md", encoding: .utf8) == "# Brief")
      let delivery = try await bench.delivery(id)
      let result = try String(contentsOfFile: "\(bench.folder)/\(folder)/result.json", encoding: .utf8)
      #expect(try JSON(parsing: result) == delivery.payload)
      #expect(delivery.receipt == ["path": .string("\(bench.folder)/\(folder)"), "files": 2])
    }
  }

  @Test func `a repeat changes nothing`() async throws {
    try await withCallbacks { bench in
      let id = try await Self.add(bench, [("brief.md", "# Brief")])
      try await bench.work()
      let before = Self.tree(bench.folder)
      let file = "\(bench.folder)/2026-11-12-daily-brief-run_1/brief.md"
      try "Edited by its reader.".write(toFile: file, atomically: true, encoding: .utf8)
      let target = DirectoryTarget(bench.supplies)
      let delivery = try await bench.delivery(id)
      let again = try await target.send(delivery, settings: ["path": .string(bench.folder)])
      #expect(again == .delivered(receipt: try #require(delivery.receipt)))
      #expect(Self.tree(bench.folder) == before)
      #expect(try String(contentsOfFile: file, encoding: .utf8) == "Edited by its reader.")
    }
  }

  @Test func `what an attempt left half done is replaced whole`() async throws {
    try await withCallbacks { bench in
      let id = try await Self.add(bench, [("brief.md", "# Brief")])
      let partial = "\(bench.folder)/.\(id).partial"
      try FileManager.default.createDirectory(atPath: partial, withIntermediateDirectories: true)
      try "# Br".write(toFile: "\(partial)/brief.md", atomically: true, encoding: .utf8)
      try await bench.work()
      let folder = "2026-11-12-daily-brief-run_1"
      #expect(Self.tree(bench.folder) == [folder, "\(folder)/brief.md", "\(folder)/result.json"])
      #expect(try String(contentsOfFile: "\(bench.folder)/\(folder)/brief.md", encoding: .utf8) == "# Brief")
    }
  }

  @Test func `names that lead out of the folder are left out`() async throws {
    try await withCallbacks { bench in
      _ = try await Self.add(
        bench,
        [
          ("../outside.md", "no"), ("/etc/absolute.md", "no"), ("a/../../up.md", "no"), ("a//b.md", "no"),
          (".", "no"), ("fine ; rm -rf.md", "yes"),
        ])
      try await bench.work()
      let folder = "2026-11-12-daily-brief-run_1"
      #expect(Self.tree(bench.folder) == [folder, "\(folder)/fine ; rm -rf.md", "\(folder)/result.json"])
      #expect(!FileManager.default.fileExists(atPath: "\(bench.path.folder.path)/outside.md"))
    }
  }

  @Test func `an agent's own result.json keeps its name`() async throws {
    try await withCallbacks { bench in
      _ = try await Self.add(bench, [("result.json", "the agent's")])
      try await bench.work()
      let folder = "\(bench.folder)/2026-11-12-daily-brief-run_1"
      #expect(try String(contentsOfFile: "\(folder)/result.json", encoding: .utf8) == "the agent's")
      #expect(Self.tree(folder) == ["errand-result.json", "result.json"])
    }
  }

  @Test func `a path that can't be written says why, and is tried again`() async throws {
    try await withCallbacks { bench in
      let blocked = "\(bench.path.folder.path)/blocked"
      try "A file.".write(toFile: blocked, atomically: true, encoding: .utf8)
      let id = try await Self.add(bench, [("brief.md", "# Brief")], to: "\(blocked)/briefs")
      try await bench.work()
      let delivery = try await bench.delivery(id)
      #expect(delivery.state == .pending)
      #expect(delivery.lastError == "\(blocked)/briefs: Not a directory.")
    }
  }

  @Test func `a system that refuses a folder is quoted, not called missing`() async throws {
    try await withCallbacks { bench in
      let id = try await Self.add(bench, [], to: "/proc/errand/briefs")
      try await bench.work()
      let error = try await bench.delivery(id).lastError
      #expect(
        error == "/proc/errand: No such file or directory." || error == "/proc/errand: Permission denied.")
    }
  }

  @Test func `a relative path is refused with what it is`() async throws {
    try await withCallbacks { bench in
      let id = try await Self.add(bench, [], to: "briefs")
      try await bench.work()
      let delivery = try await bench.delivery(id)
      #expect(delivery.state == .dead)
      #expect(
        delivery.lastError
          == "The callback's path is “briefs”. Expected a folder's whole path, which begins with \"/\", such as "
          + "/srv/briefs.")
    }
  }

  @Test(arguments: [
    ("briefs", false), ("~/briefs", false), ("./b", false), ("x${env:B}", false),
    ("/srv/{{job.name}}", false),
    ("/srv/briefs", true), ("${env:BRIEFS_DIR}", true), ("${env:HOME}/briefs", true),
  ])
  func `a path that can never work is refused in the file`(path: String, fits: Bool) {
    let problems = DirectoryTarget.shape.check(["path": .string(path)])
    #expect(problems.map(\.path.description) == (fits ? [] : ["path"]))
  }

  @Test func `files that are gone make the delivery hopeless`() async throws {
    try await withCallbacks { bench in
      let id = try await bench.add(
        "directory", ["path": .string(bench.folder)],
        data: ["job": "job", "files": [["id": "file_gone"]]])
      try await bench.work()
      let delivery = try await bench.delivery(id)
      #expect(delivery.state == .dead)
      #expect(delivery.lastError == "There is no file file_gone.")
    }
  }

  // MARK: What others prepared

  /// Makes the folder to deliver to and one beside it, which nothing may be written to.
  private static func prepare(_ bench: CallbackBench) throws -> String {
    let other = "\(bench.path.folder.path)/other"
    for folder in [bench.folder, other] {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
    try "Somebody else's.".write(toFile: "\(other)/brief.md", atomically: true, encoding: .utf8)
    return other
  }

  private static func link(_ path: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
  }

  @Test(arguments: ["other", "nowhere", "other/brief.md"])
  func `a link where the run's folder would be is neither followed nor taken for it`(target: String)
    async throws
  {
    try await withCallbacks { bench in
      let other = try Self.prepare(bench)
      let final = "\(bench.folder)/2026-11-12-daily-brief-run_1"
      try Self.link(final, to: "\(bench.path.folder.path)/\(target)")
      let id = try await Self.add(bench, [("brief.md", "# Brief")])
      try await bench.work()
      let delivery = try await bench.delivery(id)
      #expect(delivery.state == .pending)
      #expect(
        delivery.lastError
          == "\(final) is there already, and something else made it. Move it away; nothing of it was touched."
      )
      #expect(Self.tree(other) == ["brief.md"])
      #expect(try String(contentsOfFile: "\(other)/brief.md", encoding: .utf8) == "Somebody else's.")
      #expect(Self.tree(bench.folder) == ["2026-11-12-daily-brief-run_1"])
      // Once it is gone, the result is there.
      try FileManager.default.removeItem(atPath: final)
      bench.skip(to: delivery)
      try await bench.work()
      #expect(try await bench.delivery(id).state == .delivered)
      #expect(try String(contentsOfFile: "\(final)/brief.md", encoding: .utf8) == "# Brief")
    }
  }

  @Test(arguments: [true, false])
  func `a folder that somebody else made does not count as delivered`(hasResult: Bool) async throws {
    try await withCallbacks { bench in
      _ = try Self.prepare(bench)
      let final = "\(bench.folder)/2026-11-12-daily-brief-run_1"
      try FileManager.default.createDirectory(atPath: final, withIntermediateDirectories: true)
      if hasResult { try "{}".write(toFile: "\(final)/result.json", atomically: true, encoding: .utf8) }
      let id = try await Self.add(bench, [("brief.md", "# Brief")])
      try await bench.work()
      #expect(try await bench.delivery(id).state == .pending)
      #expect(Self.tree(final) == (hasResult ? ["result.json"] : []))
    }
  }

  @Test func `links in what an earlier attempt left are removed, not followed`() async throws {
    try await withCallbacks { bench in
      let other = try Self.prepare(bench)
      let id = try await Self.add(bench, [("brief.md", "# Brief"), ("data/a.csv", "a")])
      let partial = "\(bench.folder)/.\(id).partial"
      try FileManager.default.createDirectory(atPath: partial, withIntermediateDirectories: true)
      try Self.link("\(partial)/brief.md", to: "\(other)/brief.md")
      try Self.link("\(partial)/data", to: other)
      try Self.link("\(partial)/result.json", to: "\(other)/result.json")
      try await bench.work()
      let final = "2026-11-12-daily-brief-run_1"
      #expect(
        Self.tree(bench.folder) == [
          final, "\(final)/brief.md", "\(final)/data", "\(final)/data/a.csv", "\(final)/result.json",
        ])
      #expect(Self.tree(other) == ["brief.md"])
      #expect(try String(contentsOfFile: "\(other)/brief.md", encoding: .utf8) == "Somebody else's.")
    }
  }

  @Test func `a link that bears the name of the folder in the making is left alone`() async throws {
    try await withCallbacks { bench in
      let other = try Self.prepare(bench)
      let id = try await Self.add(bench, [("brief.md", "# Brief"), ("new.md", "new")])
      try Self.link("\(bench.folder)/.\(id).partial", to: other)
      try await bench.work()
      #expect(try await bench.delivery(id).state == .delivered)
      #expect(Self.tree(other) == ["brief.md"])
      #expect(try String(contentsOfFile: "\(other)/brief.md", encoding: .utf8) == "Somebody else's.")
    }
  }

  @Test func `links in the operator's own path are followed`() async throws {
    try await withCallbacks { bench in
      let other = try Self.prepare(bench)
      let link = "\(bench.path.folder.path)/link"
      try Self.link(link, to: other)
      let id = try await Self.add(bench, [("brief.md", "# Brief")], to: "\(link)/today")
      try await bench.work()
      #expect(try await bench.delivery(id).state == .delivered)
      #expect(Self.tree("\(other)/today").contains("2026-11-12-daily-brief-run_1/brief.md"))
    }
  }

  @Test(arguments: ["a folder", "a link", "nothing"])
  func `what was put into the place of the folder in the making is not given out as ours`(swapped: String)
    async throws
  {
    let place = try TemporaryFolder()
    let base = try OwnFolder.base(place.path)
    let (name, folder) = try base.newFolder(".made")
    try folder.write("brief.md") { _ in }
    // Somebody who may rename things there has done so before we name it.
    let manager = FileManager.default
    try manager.moveItem(atPath: "\(place.path)/\(name)", toPath: "\(place.path)/stolen")
    switch swapped {
    case "a folder":
      try manager.createDirectory(atPath: "\(place.path)/\(name)", withIntermediateDirectories: false)
    case "a link": try Self.link("\(place.path)/\(name)", to: "\(place.path)/stolen")
    default: break
    }
    let error = #expect(throws: FilesError.self) { try base.place(folder, named: name, as: "final") }
    if swapped != "nothing" {
      guard case .taken(let path) = error else {
        Issue.record("It was refused as \(String(describing: error)).")
        return
      }
      #expect(path == "\(place.path)/final")
    }
  }

  @Test(arguments: [
    (["result.json"], "errand-result.json"), (["result.json", "errand-result.json"], "2-errand-result.json"),
    (["result.json/x", "errand-result.json/y", "2-errand-result.json"], "3-errand-result.json"),
    (["errand-result.json", "errand-left-out.txt"], "result.json"),
  ])
  func `whatever an agent calls its files, none is overwritten`(names: [String], own: String) async throws {
    try await withCallbacks { bench in
      let id = try await Self.add(bench, names.map { ($0, "the agent's \($0)") })
      try await bench.work()
      let folder = "\(bench.folder)/2026-11-12-daily-brief-run_1"
      for name in names {
        #expect(try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) == "the agent's \(name)")
      }
      let delivery = try await bench.delivery(id)
      let result = try String(contentsOfFile: "\(folder)/\(own)", encoding: .utf8)
      #expect(try JSON(parsing: result) == delivery.payload)
      #expect(delivery.receipt?["result"]?.stringValue == (own == "result.json" ? nil : own))
    }
  }
}
