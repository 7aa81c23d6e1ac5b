import Catalog
import Foundation
import JSON
import Primitives
import Reading
import Store
import Testing

@testable import Jobs

/// A server that reads folders of jobs, of which not everything is right at all times.
@Suite struct FollowingTests {
  private func names(_ store: JobsStore) async throws -> [String] {
    try await store.database.read { [jobs = store.jobs] tx in try jobs.jobs(tx).map(\.name) }
  }

  private func faults(_ store: JobsStore, of name: String = "brief") async throws -> [JobFault] {
    try await store.database.read { [jobs = store.jobs] tx in
      try jobs.faults(tx, of: jobs.job(tx, named: name))
    }
  }

  private static func lunch() -> [String: String] {
    [
      "lunch/job.yaml": "name: lunch\nagent: writer\nenvironment: bench\ninput: {message: p.md}\n",
      "lunch/p.md": "Eat.\n",
    ]
  }

  @Test func `who applies an agent that a folder defines too is told so`() async throws {
    try await JobsStore.with { store in
      let gallery = try Gallery(Gallery.files())
      store.jobs.watch([gallery.path])
      _ = try await store.jobs.follow(JobFolder.read([gallery.path]))
      let other = Bundle(agents: [["name": "writer", "model": "another"]])
      let report = try await store.jobs.apply(other)
      #expect(
        report.warnings == [
          "The agent writer is also in a folder that the server reads, \(gallery.path): when a file changes there, it "
            + "is what that says again, for every job. Keep it in one place, or under another name here."
        ])
      // Whoever changes nothing there, or applies the folder itself, need not be told.
      #expect(try await store.jobs.apply(other).warnings.isEmpty)
      let itself = try gallery.load()
      #expect(try await store.jobs.apply(itself, folder: gallery.path).warnings.isEmpty)
    }
  }

  @Test func `one broken file keeps no other job from being applied, and its own goes on as it was`()
    async throws
  {
    try await JobsStore.with { store in
      let gallery = try Gallery(Gallery.files().merging(Self.lunch()) { $1 })
      #expect(try await store.jobs.follow(JobFolder.read([gallery.path])).problems.isEmpty)
      let before = try await store.job()
      #expect(before.keeper == gallery.path)
      #expect(before.file == "\(gallery.path)/brief/job.yaml")
      // One is broken before anybody can tell its name, the other is changed and right.
      try gallery.write("brief/job.yaml", "name: brief\n\tagent: writer\n")
      try gallery.write("lunch/p.md", "Eat well.\n")
      let following = try await store.jobs.follow(JobFolder.read([gallery.path]), archiving: [before.id])
      #expect(following.problems.map(\.file) == ["\(gallery.path)/brief/job.yaml"])
      #expect(following.lagging.map(\.name) == ["brief"])
      #expect(following.missing.isEmpty)
      #expect(try await store.job() == before)
      #expect(try await store.job("lunch").message == "Eat well.\n")
      let fault = try #require(try await faults(store).first)
      #expect(
        fault.sentence.hasPrefix(
          "the file of the job is broken on disk since 2027-01-15T08:00:00Z: \(gallery.path)/brief/job.yaml:")
      )
      #expect(try await faults(store, of: "lunch").isEmpty)
      // Right again.
      try gallery.write("brief/job.yaml", Gallery.job)
      #expect(try await store.jobs.follow(JobFolder.read([gallery.path])).problems.isEmpty)
      #expect(try await faults(store).isEmpty)
    }
  }

  @Test func `a broken agent keeps its last version for the jobs that use it`() async throws {
    try await JobsStore.with { store in
      let gallery = try Gallery(Gallery.files())
      _ = try await store.jobs.follow(JobFolder.read([gallery.path]))
      try gallery.write("agents/writer.yaml", "model: m\ntools: all\n")
      try gallery.write("brief/prompt.md", "Write more.\n")
      let following = try await store.jobs.follow(JobFolder.read([gallery.path]))
      #expect(following.problems.map(\.line) == [2])
      #expect(try await store.job().message == "Write more.\n")
      #expect(try await faults(store).map(\.thing) == ["agent"])
    }
  }

  @Test func `a new job whose agent was never right is said to wait for that`() async throws {
    try await JobsStore.with { store in
      let gallery = try Gallery(Gallery.files())
      try gallery.write("agents/writer.yaml", "model: [\n")
      let following = try await store.jobs.follow(JobFolder.read([gallery.path]))
      let sentences = following.problems.map { $0.description.replacing(gallery.path + "/", with: "") }
      #expect(
        sentences.last
          == #"brief/job.yaml:2:8: agent: The agent "writer" cannot be used: agents/writer.yaml has problems. Mend that first."#
      )
      #expect(try await names(store).isEmpty)
      let fault = try await store.database.read { [jobs = store.jobs] tx in
        try jobs.fault(tx, ofMissing: "brief")
      }
      #expect(fault?.path == "\(gallery.path)/brief/job.yaml")
      let error = await #expect(throws: JobsError.self) { try await store.job() }
      #expect(
        error?.description.hasPrefix(
          "There is no job \"brief\" yet: the file of the job is broken on disk since 2027-01-15T08:00:00Z: \(gallery.path)/brief/job.yaml:2:8: agent: "
        ) == true)
    }
  }

  @Test func `a job whose files are gone is missing first, and archived when that was seen before`()
    async throws
  {
    try await JobsStore.with { store in
      let gallery = try Gallery(Gallery.files().merging(Self.lunch()) { $1 })
      _ = try await store.jobs.follow(JobFolder.read([gallery.path]))
      try FileManager.default.removeItem(atPath: "\(gallery.path)/lunch")
      let first = try await store.jobs.follow(JobFolder.read([gallery.path]))
      #expect(first.missing.map(\.name) == ["lunch"])
      #expect(try await names(store) == ["brief", "lunch"])
      let second = try await store.jobs.follow(
        JobFolder.read([gallery.path]), archiving: Set(first.missing.map(\.id)))
      #expect(second.report.lines.last?.description == "job lunch archived")
      #expect(try await names(store) == ["brief"])
      // The folder was away for longer than anybody waits; what comes back is what was there.
      for (name, text) in Self.lunch() { try gallery.write(name, text) }
      let third = try await store.jobs.follow(JobFolder.read([gallery.path]))
      #expect(third.report.changes.map(\.description) == ["job lunch restored"])
      #expect(try await store.job("lunch").id == first.missing.first?.id)
    }
  }

  @Test(arguments: ["gone", "empty"])
  func `a folder that is gone as a whole archives nothing`(how: String) async throws {
    try await JobsStore.with { store in
      let gallery = try Gallery(Gallery.files())
      _ = try await store.jobs.follow(JobFolder.read([gallery.path]))
      let job = try await store.job()
      try FileManager.default.removeItem(atPath: gallery.path)
      if how == "empty" {
        try FileManager.default.createDirectory(atPath: gallery.path, withIntermediateDirectories: true)
      }
      let reading = JobFolder.read([gallery.path])
      #expect(reading.absent.count == 1)
      let following = try await store.jobs.follow(reading, archiving: [job.id])
      #expect(following.missing.isEmpty)
      #expect(try await names(store) == ["brief"])
      #expect(try await faults(store).map(\.thing) == ["folder"])
    }
  }

  @Test func `what a link to nowhere may have held stays`() async throws {
    try await JobsStore.with { store in
      var files = Gallery.files()
      for (name, text) in Self.lunch() { files["elsewhere/\(name)"] = text }
      let gallery = try Gallery(files)
      let root = "\(gallery.path)/jobs"
      try gallery.write("jobs/agents/writer.yaml", "model: m\n")
      try gallery.write("jobs/environments/bench.yaml", "description: d\n")
      try gallery.link("jobs/team", to: "../elsewhere")
      _ = try await store.jobs.follow(JobFolder.read([root]))
      #expect(try await names(store) == ["lunch"])
      try FileManager.default.removeItem(atPath: "\(gallery.path)/elsewhere")
      let following = try await store.jobs.follow(JobFolder.read([root]))
      #expect(following.lagging.map(\.name) == ["lunch"])
      #expect(following.missing.isEmpty)
    }
  }

  // MARK: Whose a job is

  @Test func `each archives only what it brought`() async throws {
    try await JobsStore.with { store in
      let gallery = try Gallery(Gallery.files())
      _ = try await store.jobs.follow(JobFolder.read([gallery.path]))
      let applied = try Gallery(
        Gallery.files().merging(Self.lunch()) { $1 }.filter { !$0.key.hasPrefix("brief") })
      _ = try await store.jobs.apply(applied.load(), prune: true)
      #expect(try await names(store) == ["brief", "lunch"])
      // The folder changes; what was applied from elsewhere is not its own.
      try gallery.write("brief/prompt.md", "Write more.\n")
      let following = try await store.jobs.follow(JobFolder.read([gallery.path]))
      #expect(following.missing.isEmpty)
      // Another name, another's jobs.
      let nothing = Bundle()
      _ = try await store.jobs.apply(nothing, prune: true, keeper: "team")
      #expect(try await names(store) == ["brief", "lunch"])
      _ = try await store.jobs.apply(nothing, prune: true)
      #expect(try await names(store) == ["brief"])
    }
  }

  @Test
  func `the jobs of a folder that another server reads are left to that, as long as their files are there`()
    async throws
  {
    try await JobsStore.with { store in
      let theirs = try Gallery(Gallery.files())
      _ = try await store.jobs.follow(JobFolder.read([theirs.path]))
      let brief = try await store.job()
      // Another process on the same database, with another folder.
      let ours = try Gallery(
        Gallery.files().merging(Self.lunch()) { $1 }.filter { !$0.key.hasPrefix("brief") })
      let reading = JobFolder.read([ours.path])
      let following = try await store.jobs.follow(reading, archiving: [brief.id])
      #expect(following.missing.isEmpty)
      #expect(try await names(store) == ["brief", "lunch"])
      // Once its file is gone, nobody else would see to it.
      try FileManager.default.removeItem(atPath: "\(theirs.path)/brief")
      #expect(try await store.jobs.follow(reading).missing.map(\.name) == ["brief"])
      _ = try await store.jobs.follow(reading, archiving: [brief.id])
      #expect(try await names(store) == ["lunch"])
    }
  }

  @Test func `a job that moves to another keeper stays the same job`() async throws {
    try await JobsStore.with { store in
      let first = try Gallery(Gallery.files())
      store.jobs.watch([first.path])
      _ = try await store.jobs.follow(JobFolder.read([first.path]))
      let job = try await store.job()
      let report = try await store.jobs.apply(try Gallery(Gallery.files()).load())
      #expect(report.warnings.count == 1)
      #expect(report.lines.last?.change == .unchanged)
      #expect(try await store.job().keeper == Jobs.applied)
      try FileManager.default.removeItem(atPath: "\(first.path)/brief")
      #expect(try await store.jobs.follow(JobFolder.read([first.path])).missing.isEmpty)
      #expect(try await store.job().id == job.id)
      #expect(try await store.job().revision == job.revision)
    }
  }

  @Test func `who applies the folder that the server reads does it in the folder's name`() async throws {
    try await JobsStore.with { store in
      let gallery = try Gallery(Gallery.files())
      store.jobs.watch([gallery.path])
      _ = try await store.jobs.follow(JobFolder.read([gallery.path]))
      let report = try await store.jobs.apply(gallery.load(), folder: gallery.path)
      #expect(report.warnings.isEmpty)
      #expect(try await store.job().keeper == gallery.path)
    }
  }

  @Test func `a name in two folders is nobody's, and both files are named`() async throws {
    try await JobsStore.with { store in
      let first = try Gallery(Gallery.files())
      _ = try await store.jobs.follow(JobFolder.read([first.path]))
      let second = try Gallery(Gallery.files().filter { $0.key.hasPrefix("brief") })
      try second.write("brief/prompt.md", "Another.\n")
      let following = try await store.jobs.follow(JobFolder.read([first.path, second.path]))
      #expect(
        following.problems.map(\.description) == [
          "\(second.path)/brief/job.yaml:1:7: name: There are two jobs named \"brief\", also in \(first.path)/brief/job.yaml. Rename one."
        ])
      #expect(try await store.job().message == "Write it. {{job.name}}\n")
      #expect(following.missing.isEmpty)
      // Each may use what the other defines.
      try second.write("brief/job.yaml", Gallery.job.replacing("name: brief", with: "name: other"))
      #expect(try await store.jobs.follow(JobFolder.read([first.path, second.path])).problems.isEmpty)
      #expect(try await names(store) == ["brief", "other"])
      #expect(try await store.job("other").keeper == second.path)
    }
  }

  @Test
  func `an agent in two folders keeps from starting only the jobs that use it, and both files are named`()
    async throws
  {
    try await JobsStore.with { store in
      let first = try Gallery(Gallery.files())
      let second = try Gallery(Self.lunch().mapValues { $0.replacing("agent: writer", with: "agent: cook") })
      try second.write("agents/writer.yaml", "model: m\n")
      try second.write("agents/cook.yaml", "model: m\n")
      let following = try await store.jobs.follow(JobFolder.read([first.path, second.path]))
      #expect(try await names(store) == ["lunch"])
      let files = ["\(first.path)/agents/writer.yaml", "\(second.path)/agents/writer.yaml"]
      #expect(
        Set(following.problems.map(\.message)) == [
          "There are two agents named \"writer\", also in \(files[0]). Rename one.",
          "The agent \"writer\" cannot be used: it stands in \(files[0]) and \(files[1]). Mend that first.",
        ])
      // One of them away, everything is right.
      try FileManager.default.removeItem(atPath: files[1])
      #expect(try await store.jobs.follow(JobFolder.read([first.path, second.path])).problems.isEmpty)
      #expect(try await names(store) == ["brief", "lunch"])
    }
  }

  @Test func `jobs from before it was kept where they came from belong to whoever applies first`()
    async throws
  {
    try await JobsStore.with { store in
      let gallery = try Gallery(Gallery.files().merging(Self.lunch()) { $1 })
      _ = try await store.apply(Gallery.files().merging(Self.lunch()) { $1 })
      try await store.database.write { tx in
        try tx.run("UPDATE jobs SET keeper = NULL, file = NULL, written = id")
      }
      try FileManager.default.removeItem(atPath: "\(gallery.path)/lunch")
      let following = try await store.jobs.follow(JobFolder.read([gallery.path]))
      #expect(following.missing.map(\.name) == ["lunch"])
      #expect(try await store.job().keeper == gallery.path)
    }
  }
}
