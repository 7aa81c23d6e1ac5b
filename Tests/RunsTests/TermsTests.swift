import Catalog
import JSON
import Jobs
import PathSupport
import Primitives
import Sessions
import Store
import TestSupport
import Testing

@testable import Runs

@Suite(.timeLimit(.minutes(5))) struct TermsTests {
  private let long = String(repeating: "Look at everything. ", count: 500)

  @Test func `runs of one revision store what they have in common once`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(message: long))
      let runs = [try await path.started(), try await path.started(), try await path.started()]
      #expect(try await path.count("terms") == 1)
      for run in runs {
        #expect(run.snapshot.message == long)
        #expect(run.snapshot.terms == runs[0].snapshot.terms)
      }
      let sizes = try await path.database.read { tx in
        try tx.rows("SELECT LENGTH(snapshot) AS size FROM runs").map { try $0["size"] as Int }
      }
      #expect(sizes.allSatisfy { $0 < 400 }, "\(sizes)")
    }
  }

  @Test func `an edit of the job, of its agent or of its environment makes other terms`() async throws {
    try await withPath { path in
      var kept: [Run] = []
      for definition in [
        JobDefinition(), JobDefinition(message: "Otherwise."), JobDefinition(message: "Otherwise."),
        JobDefinition(message: "Otherwise.", and: ["limits": ["attempts": 2]]),
      ] {
        try await path.apply(definition)
        kept.append(try await path.started())
      }
      #expect(try await path.count("terms") == 3)
      #expect(kept[1].snapshot.terms == kept[2].snapshot.terms)
      let job = try await path.job()
      try await path.database.write { tx in
        let version = try path.agents.agent(tx, job.agent).version
        _ = try path.agents.update(
          tx, job.agent, ["version": .integer(Int64(version)), "system": "Be brief."])
      }
      let later = try await path.started()
      #expect(later.snapshot.terms.agent.json["system"] == "Be brief.")
      #expect(try await path.count("terms") == 4)
      for run in kept { #expect(try await path.run(run.id).snapshot == run.snapshot) }
    }
  }

  @Test func `what a transaction saw that came to nothing is not taken for what comes later`() async throws {
    struct Undone: Error {}
    @Sendable func reaching(_ host: String) -> JSON {
      ["config": ["type": "cloud", "networking": ["type": "limited", "allowed_hosts": [.string(host)]]]]
    }
    try await withPath { path in
      try await path.apply(JobDefinition())
      _ = try await path.started()
      let job = try await path.job()
      await #expect(throws: Undone.self) {
        try await path.database.write { tx in
          _ = try path.environments.update(tx, job.environment, reaching("a.example"))
          _ = try path.runs.start(
            tx, job, Occurrence(cause: .request(key: nil), trigger: "manual", context: [:]))
          throw Undone()
        }
      }
      // Its change has the number that the one which was undone had.
      try await path.database.write { tx in
        _ = try path.environments.update(tx, job.environment, reaching("b.example"))
      }
      let environment = try await path.started().snapshot.terms.environment.json
      #expect(environment["networking"]?["allowed_hosts"] == ["b.example"])
    }
  }

  @Test func `checks alone are an outcome that no grader judges, and the wire still sees a rubric`()
    async throws
  {
    try await withPath { path in
      let checks: JSON = ["description": "A thing.", "checks": [["name": "there", "run": "true"]]]
      try await path.apply(JobDefinition(and: ["outcome": checks]))
      let run = try await path.started()
      #expect(run.snapshot.terms.isGraded == false)
      let event = try #require(run.snapshot.inputs.last)
      #expect(event.body["rubric"]?["type"] == "text")
      #expect(event.body["rubric"]?["content"]?.stringValue?.hasSuffix("\n- there") == true)
      #expect(event.body["graded"] == nil)
      let session = try await path.database.read { tx in try path.sessions.session(tx, run.session) }
      #expect(session.outcomes.map(\.isGraded) == [false])
      try await path.apply(JobDefinition(and: ["outcome": JobDefinition.outcome()]))
      #expect(try await path.started().snapshot.terms.isGraded)
    }
  }

  @Test func `a start that is undone leaves no terms that a later one would count on`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition())
      path.faults.fail(.afterClosure)
      await #expect(throws: (any Error).self) { try await path.start() }
      #expect(try await path.count("terms") == 0)
      _ = try await path.started()
      #expect(try await path.count("terms") == 1)
    }
  }

  @Test func `a run from before there were terms is read from its snapshot`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(message: "As it was.", and: ["limits": ["attempts": 2]]))
      let run = try await path.started()
      let terms = try JSON(parsing: run.snapshot.terms.text)
      var whole = terms.objectValue ?? [:]
      whole.merge(run.snapshot.json.objectValue ?? [:])
      try await path.database.write { [whole] tx in
        try tx.run("UPDATE runs SET terms = NULL, snapshot = $1", JSON.object(whole))
      }
      let read = try await path.run(run.id)
      #expect(read.snapshot.message == "As it was.")
      #expect(read.snapshot.terms.attempts == 2)
      #expect(read.snapshot.terms.agent.json == run.snapshot.terms.agent.json)
      try await path.work()
      #expect(try await path.run(run.id).state == .succeeded)
    }
  }

  @Test func `terms that somebody removed are named`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition())
      let run = try await path.started()
      let error = RunsError.noTerms(hash: run.snapshot.terms.hash)
      let other = try await Path(sharing: path)
      try await other.database.write { tx in
        try tx.run("PRAGMA defer_foreign_keys = ON")
        try tx.run("UPDATE runs SET terms = NULL")
        try tx.run("DELETE FROM terms")
      }
      await #expect(throws: error) {
        try await other.database.read { tx in
          _ = try TermsTable(rehearses: false).terms(tx, hash: run.snapshot.terms.hash)
        }
      }
      await other.close()
      #expect(error.description.hasSuffix("or restored in part. Restore it whole."))
    }
  }

  @Test func `the attempt under way is told as long as it has no row`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["limits": ["attempts": 2]]))
      let run = try await path.started()
      let first = try await path.database.read { tx in try path.runs.attempts(tx, of: run.id) }
      #expect(first.map(\.number) == [1])
      #expect(first.map(\.session) == [run.session])
      #expect(first.map(\.startedAt) == [run.createdAt])
      #expect(first.map(\.endedAt) == [nil])
      #expect(try await path.count("attempts") == 0)
      path.driver.play(
        ScriptedDriver.settle(.terminated("The sandbox broke.")), ScriptedDriver.untilInterrupted())
      try await path.working {
        try await path.until { try await path.run(run.id).attempt == 2 }
        let both = try await path.database.read { tx in try path.runs.attempts(tx, of: run.id) }
        #expect(both.map(\.number) == [1, 2])
        #expect(both[0].session == run.session)
        #expect(both[0].endedAt == both[1].startedAt)
        #expect(both[0].reason?.contains("The sandbox broke.") == true)
        #expect(both[1].session != run.session)
        #expect(both[1].endedAt == nil)
        _ = try await path.cancel(run.id)
        try await path.until { try await path.run(run.id).state == .cancelled }
      }
      let all = try await path.database.read { tx in try path.runs.attempts(tx, of: run.id) }
      #expect(all.map(\.number) == [1, 2])
      #expect(all[1].endedAt != nil)
    }
  }
}
