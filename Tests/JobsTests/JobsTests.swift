import Catalog
import Foundation
import JSON
import Primitives
import Sessions
import Store
import TestSupport
import Testing

@testable import Jobs

/// Follows jobs as a test says.
private struct Follower: JobFollower {
  let body: @Sendable (Transaction, Job) throws -> Void

  func changed(_ tx: Transaction, _ job: Job) throws { try body(tx, job) }
}

/// Jobs on a database of their own.
struct JobsStore {
  let directory: String
  let database: Database
  let clock = ManualTime(Timestamp(seconds: 1_800_000_000))
  let agents: Agents
  let files: Files
  let jobs: Jobs
  /// What a follower was told, as `name revision archived`.
  let told = Lock<[String]>([])

  static func with(_ body: (JobsStore) async throws -> Void) async throws {
    let directory = "/tmp/errand-jobs-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let store = try await JobsStore(directory: directory)
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await body(store))
    } catch {
      outcome = .failure(error)
    }
    await store.database.close()
    try FileManager.default.removeItem(atPath: directory)
    try outcome.get()
  }

  private init(directory: String) async throws {
    self.directory = directory
    database = try await Database.open(
      "\(directory)/errand.db",
      migrations: Files.migrations + Agents.migrations + Environments.migrations + Jobs.migrations)
    agents = Agents(time: clock.time)
    files = try Files(directory: directory + "/files", time: clock.time)
    jobs = Jobs(
      database: database, files: files, agents: agents, environments: Environments(time: clock.time),
      kinds: Gallery.kinds, time: clock.time)
    agents.onArchive { [jobs] tx, agent in try jobs.archive(tx, ofAgent: agent.id) }
    jobs.involve(
      Follower { [told] _, job in
        told.withLock { $0.append("\(job.name) \(job.revision)\(job.archivedAt == nil ? "" : " archived")") }
      })
  }

  func apply(_ files: [String: String], prune: Bool = false) async throws -> [String] {
    let bundle = try Gallery(files).load()
    return try await jobs.apply(bundle, prune: prune).lines.map(\.description)
  }

  func job(_ name: String = "brief") async throws -> Job {
    try await database.read { [jobs] tx in try jobs.job(tx, named: name) }
  }
}

@Suite("Applying jobs")
struct JobsTests {
  @Test func `everything arrives as it was written`() async throws {
    try await JobsStore.with { store in
      let lines = try await store.apply(Gallery.files())
      #expect(
        lines == [
          "agent writer created", "environment bench created", "source desk created", "job brief created",
        ])
      let job = try await store.job()
      #expect(ID.hasPrefix("depl", job.id))
      #expect(job.revision == 1)
      #expect(job.message == "Write it. {{job.name}}\n")
      #expect(job.triggers.map(\.id) == ["schedule-0cf86fd9", "asked"])
      #expect(
        job.files.map(\.path) == ["/mnt/session/uploads/log/a.txt", "/mnt/session/uploads/log/deep/b.txt"])
      #expect(job.files.map(\.name) == ["a.txt", "b.txt"])
      #expect(try store.files.bytes(of: job.files[1].content) == Array("b".utf8))
      #expect(job.outcome?.rubric == "Good.\n")
      #expect(job.outcome?.maxIterations == 5)
      #expect(job.outcome?.checks.map(\.run) == ["test -f brief.md"])
      #expect(job.limits == Limits())
      #expect(
        job.callbacks == [
          Callback(kind: "directory", settings: ["path": "${env:BRIEFS_DIR}"]),
          Callback(
            kind: "webhook", settings: ["url": "${env:CALLBACK_URL}", "secret": "${env:CALLBACK_SECRET}"],
            states: ["succeeded", "failed"]),
        ])
      #expect(job.callbacks[0].wants("cancelled"))
      #expect(!job.callbacks[1].wants("cancelled"))
      try await store.database.read { [jobs = store.jobs] tx throws in
        let found = try jobs.jobs(tx, withSource: "desk")
        #expect(found.map(\.job) == [job])
        #expect(found.map(\.trigger.id) == ["asked"])
        #expect(try jobs.source(tx, named: "desk").settings == ["secret": "${env:DESK_SECRET}"])
        #expect(try jobs.job(tx, id: job.id) == job)
        #expect(try jobs.jobs(tx) == [job])
      }
      #expect(job.json["limits"] == ["timeout": "30m", "deadline": "2h", "attempts": 3, "concurrency": 1])
      #expect(job.json["type"] == "job")
    }
  }

  @Test func `what is as it was stays untouched`() async throws {
    try await JobsStore.with { store in
      _ = try await store.apply(Gallery.files())
      let before = try await store.job()
      store.clock.advance(by: .seconds(60))
      let lines = try await store.apply(Gallery.files())
      #expect(lines.allSatisfy { $0.hasSuffix(" unchanged") })
      #expect(try await store.job() == before)
      #expect(store.told.withLock { $0 } == ["brief 1"])
    }
  }

  @Test func `a changed file of a job makes a revision, a changed agent does not`() async throws {
    try await JobsStore.with { store in
      var files = Gallery.files()
      _ = try await store.apply(files)
      let before = try await store.job()
      files["brief/log/a.txt"] = "changed"
      #expect(try await store.apply(files).last == "job brief updated")
      let after = try await store.job()
      #expect(after.id == before.id)
      #expect(after.revision == 2)
      #expect(after.files[0].content != before.files[0].content)
      files["agents/writer.yaml"] = "model: n\n"
      #expect(
        try await store.apply(files) == [
          "agent writer updated", "environment bench unchanged", "source desk unchanged",
          "job brief unchanged",
        ])
      #expect(store.told.withLock { $0 } == ["brief 1", "brief 2"])
    }
  }

  @Test func `pruning archives what is not there any more, and its file brings the same job back`()
    async throws
  {
    try await JobsStore.with { store in
      _ = try await store.apply(Gallery.files())
      let first = try await store.job()
      var files = Gallery.files()
      for name in ["job.yaml", "prompt.md", "rubric.md", "log/a.txt"] {
        files["lunch/\(name)"] = files["brief/\(name)"]?.replacing("name: brief", with: "name: lunch")
        files["brief/\(name)"] = nil
      }
      files["brief/log/deep/b.txt"] = nil
      #expect(try await store.apply(files).last == "job lunch created")
      #expect(try await store.apply(files, prune: true).last == "job brief archived")
      #expect(store.told.withLock { $0 } == ["brief 1", "lunch 1", "brief 2 archived"])
      try await store.database.read { [jobs = store.jobs] tx throws in
        #expect(try jobs.jobs(tx).map(\.name) == ["lunch"])
        #expect(try jobs.jobs(tx, withSource: "desk").map(\.job.name) == ["lunch"])
        #expect(try jobs.job(tx, id: first.id).archivedAt != nil)
        #expect {
          try jobs.job(tx, named: "brief")
        } throws: { error in
          "\(error)".hasPrefix(#"The job "brief" was archived at "#)
            && "\(error)".hasSuffix("; apply its file again to bring it back.")
        }
      }
      #expect(try await store.apply(Gallery.files()).last == "job brief restored")
      let back = try await store.job()
      #expect(back.id == first.id)
      #expect(back.createdAt == first.createdAt)
      #expect(back.revision == 3)
      #expect(back.archivedAt == nil)
      #expect(store.told.withLock { $0 }.last == "brief 3")
      // And is there once.
      #expect(try await store.apply(Gallery.files()).last == "job brief unchanged")
    }
  }

  @Test func `an archived agent leaves the jobs of files, and takes those of the API with it`() async throws {
    try await JobsStore.with { store in
      _ = try await store.apply(Gallery.files())
      let job = try await store.job()
      _ = try await store.database.write { [agents = store.agents] tx in try agents.archive(tx, job.agent) }
      #expect(try await store.job() == job)
      #expect(store.told.withLock { $0 } == ["brief 1"])
      // Its file makes the agent anew, and the job works with that one.
      #expect(try await store.apply(Gallery.files()).contains("job brief updated"))
      let renewed = try await store.job()
      #expect(renewed.id == job.id && renewed.agent != job.agent)
      _ = try await store.database.write { [agents = store.agents] tx in
        try tx.run("UPDATE jobs SET origin = 'api' WHERE id = $1", job.id)
        return try agents.archive(tx, renewed.agent)
      }
      #expect(store.told.withLock { $0 } == ["brief 1", "brief 2", "brief 3 archived"])
    }
  }

  @Test func `all of it or nothing`() async throws {
    try await JobsStore.with { store in
      struct Refused: Error {}
      store.jobs.involve(Follower { _, _ in throw Refused() })
      let error = await #expect(throws: JobsError.self) { try await store.apply(Gallery.files()) }
      #expect(
        error?.description.hasSuffix(
          "/brief/job.yaml:1:1: The job \"brief\" cannot be applied: Refused()") == true)
      try await store.database.read { [jobs = store.jobs, agents = store.agents] tx throws in
        #expect(try jobs.jobs(tx).isEmpty)
        #expect(try jobs.sources(tx).isEmpty)
        #expect(try agents.names(tx).isEmpty)
      }
    }
  }

  @Test func `a value of a rolled-back transaction is never taken for a stored one`() async throws {
    try await JobsStore.with { store in
      _ = try await store.apply(Gallery.files())
      var refused = Gallery.files()
      refused["brief/prompt.md"] = "refused"
      let refuses = Lock(true)
      struct Refused: Error {}
      store.jobs.involve(
        Follower { [jobs = store.jobs] tx, job in
          // Reading it inside the transaction puts it among the values that are known.
          _ = try jobs.job(tx, id: job.id)
          if refuses.withLock({ $0 }) { throw Refused() }
        })
      await #expect(throws: JobsError.self) { try await store.apply(refused) }
      #expect(try await store.job().message == "Write it. {{job.name}}\n")
      refuses.withLock { $0 = false }
      var accepted = Gallery.files()
      accepted["brief/prompt.md"] = "accepted"
      _ = try await store.apply(accepted)
      #expect(try await store.job().message == "accepted")
      #expect(try await store.job().revision == 2)
    }
  }

  @Test func `a bundle may refer to what the server has`() async throws {
    try await JobsStore.with { store in
      _ = try await store.apply(Gallery.files())
      let agent = try await store.job().agent
      let job: JSON = [
        "definition": [
          "name": "second", "agent": .string(agent), "environment": "bench",
          "triggers": [["webhook": "desk"]],
          "input": ["message": "p.md"],
        ], "files": ["p.md": "aGk="],
      ]
      let report = try await store.jobs.apply(Bundle(json: ["jobs": [job]]))
      #expect(report.lines.map(\.description) == ["job second created"])
      #expect(try await store.job("second").agent == agent)
      let id = try await store.job("second").id
      #expect(
        report.json["things"]?[0] == [
          "thing": "job", "name": "second", "change": "created", "id": .string(id),
        ])
    }
  }

  @Test func `a bundle of agents and environments alone brings them, and new versions of what changed`()
    async throws
  {
    try await JobsStore.with { store in
      func things(_ body: JSON) async throws -> [String] {
        let report = try await store.jobs.apply(Bundle(json: body)).json["things"]?.arrayValue ?? []
        #expect(report.allSatisfy { $0["id"]?.stringValue?.isEmpty == false })
        return report.map { thing in
          let version = thing["version"]?.intValue.map { " \($0)" } ?? ""
          return "\(thing["thing"]?.stringValue ?? "") \(thing["change"]?.stringValue ?? "")\(version)"
        }
      }
      var body: JSON = [
        "agents": [["name": "writer", "model": "m"]], "environments": [["name": "bench"]],
      ]
      #expect(try await things(body) == ["agent created 1", "environment created"])
      #expect(try await things(body) == ["agent unchanged 1", "environment unchanged"])
      body["agents"] = [["name": "writer", "model": "m", "system": "You write."]]
      #expect(try await things(body) == ["agent updated 2", "environment unchanged"])
      body["environments"] = [["name": "bench", "config": "none"]]
      body["agents"] = [["name": "writer", "model": "other"]]
      let broken = try Bundle(json: body)
      await #expect(throws: JobsError.self) { try await store.jobs.apply(broken) }
      body["environments"] = []
      #expect(try await things(body) == ["agent updated 3"])
    }
  }

  @Test func `an unknown id is refused when it is looked up`() async throws {
    try await JobsStore.with { store in
      let bundle = try Bundle(
        json: [
          "environments": [["name": "bench"]],
          "jobs": [
            [
              "definition": [
                "name": "b", "agent": "agent_01none", "environment": "bench", "input": ["message": "p.md"],
              ], "files": ["p.md": "aGk="],
            ]
          ],
        ])
      await #expect(throws: CatalogError.notFound(kind: "agent", id: "agent_01none")) {
        try await store.jobs.apply(bundle)
      }
    }
  }

  @Test func `what is not there is named, with what is near`() async throws {
    try await JobsStore.with { store in
      _ = try await store.apply(Gallery.files())
      let job = try await store.job()
      try await store.database.read { [jobs = store.jobs] tx throws in
        let missing = #expect(throws: JobsError.self) { try jobs.job(tx, named: "breif") }
        #expect(missing?.description == #"There is no job "breif". Did you mean "brief"?"#)
        let source = #expect(throws: JobsError.self) { try jobs.source(tx, named: "desks") }
        #expect(source?.description == #"There is no source "desks". Did you mean "desk"?"#)
      }
      let trigger = #expect(throws: JobsError.self) { try job.trigger("x") }
      #expect(
        trigger?.description == #"The job "brief" has no trigger "x". It has: schedule-0cf86fd9, asked."#)
    }
  }

  @Test func `limits that are not given make room for those that are`() async throws {
    try await JobsStore.with { store in
      for (limits, timeout, deadline) in [
        ("{deadline: 10m}", 600, 600), ("{timeout: 3h}", 10_800, 10_800), ("{timeout: 10m}", 600, 7200),
      ] {
        var files = Gallery.files()
        files["brief/job.yaml"] = Gallery.job.replacing(
          "limits: {timeout: 30m, deadline: 2h, attempts: 3, concurrency: 1}", with: "limits: \(limits)")
        _ = try await store.apply(files)
        let job = try await store.job()
        #expect(job.limits.timeout == .seconds(timeout))
        #expect(job.limits.deadline == .seconds(deadline))
      }
    }
  }
}
