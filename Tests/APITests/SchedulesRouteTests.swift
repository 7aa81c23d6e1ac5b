import JSON
import Jobs
import PathSupport
import Primitives
import Runs
import Schedules
import Store
import TestSupport
import Testing

@testable import API

@Suite(.timeLimit(.minutes(5))) struct SchedulesRouteTests {
  private static func job(_ name: String = "brief", _ schedule: String = "0 * * * *") -> JobDefinition {
    JobDefinition(
      name,
      triggers: [["name": "hourly", "schedule": .string(schedule), "timezone": "Europe/Riga"]],
      and: ["overlap": "allow_all"])
  }

  /// The id of the only schedule of a job.
  private static func id(_ api: APIBench, _ job: String = "brief") async throws -> String {
    try #require(try await api.get("/v1/schedules?job=\(job)").json["data"]?[0]?["id"]?.stringValue)
  }

  @Test func `a schedule is listed with what comes next, its counts, and the totals of all`() async throws {
    try await withAPI { api in
      try await api.path.apply(Self.job())
      let list = try await api.get("/v1/schedules")
      #expect(list.status == 200)
      #expect(list.json["totals"] == ["started": 0, "late": 0, "missed": 0, "skipped": 0])
      let schedule = try #require(list.json["data"]?[0])
      #expect(schedule["type"] == "schedule" && schedule["job"] == "brief" && schedule["trigger"] == "hourly")
      #expect(schedule["expression"] == "0 * * * *" && schedule["timezone"] == "Europe/Riga")
      #expect(schedule["state"] == "active" && schedule["paused"] == .null && schedule["last"] == .null)
      #expect(
        schedule["upcoming"] == [
          "2026-11-12T10:00:00Z", "2026-11-12T11:00:00Z", "2026-11-12T12:00:00Z", "2026-11-12T13:00:00Z",
          "2026-11-12T14:00:00Z",
        ])
      let shown = try await api.get("/v1/schedules/\(Self.id(api))")
      #expect(shown.json["id"] == schedule["id"])
      #expect(shown.json["spans"] == [])
    }
  }

  @Test func `a pause and its end say who and why`() async throws {
    try await withAPI { api in
      try await api.path.apply(Self.job())
      let id = try await Self.id(api)
      let paused = try await api.post(
        "/v1/schedules/\(id)/pause", ["by": "ada", "reason": "The source is being moved."])
      #expect(paused.json["state"] == "paused")
      #expect(
        paused.json["paused"] == [
          "at": "2026-11-12T09:00:00Z", "by": "ada", "reason": "The source is being moved.",
        ])
      #expect(try await api.get("/v1/schedules?state=active").json["data"] == [])
      #expect(try await api.get("/v1/schedules?state=paused").json["data"]?.arrayValue?.count == 1)
      api.path.clock.advance(by: .seconds(7200))
      let active = try await api.post("/v1/schedules/\(id)/unpause", [:])
      #expect(active.json["state"] == "active")
      let spans = try await api.get("/v1/schedules/\(id)").json["spans"]
      #expect(spans?[0]?["decision"] == "skipped" && spans?[0]?["times"] == 2)
      #expect(
        spans?[0]?["reason"]
          == "The schedule was paused by ada at 2026-11-12T09:00:00Z: The source is being moved. The pause was ended by the key bootstrap: No reason was given."
      )
    }
  }

  @Test func `a time is skipped, and a schedule that is paused has none to skip`() async throws {
    try await withAPI { api in
      try await api.path.apply(Self.job())
      let id = try await Self.id(api)
      let skipped = try await api.post("/v1/schedules/\(id)/skip", ["by": "ada"])
      #expect(skipped.json["skipped_at"] == "2026-11-12T10:00:00Z")
      #expect(skipped.json["next_at"] == "2026-11-12T11:00:00Z")
      _ = try await api.post("/v1/schedules/\(id)/pause", [:])
      let refused = try await api.post("/v1/schedules/\(id)/skip", [:])
      #expect(refused.status == 409)
      #expect(refused.message == "The schedule of job brief is paused, so there is no next time to skip.")
    }
  }

  @Test func `the health turns red when a schedule's time is a minute old and undecided`() async throws {
    try await withAPI { api in
      try await api.path.apply(Self.job())
      api.path.clock.advance(by: .seconds(3660))
      #expect(try await api.get("/healthz").status == 200)
      api.path.clock.advance(by: .seconds(1))
      let red = try await api.get("/healthz")
      #expect(red.status == 503)
      #expect(
        red.message.contains("hourly of job brief was due at 2026-11-12T10:00:00Z, 1m1s ago"), "\(red.text)")
      // Nobody waits for what is paused.
      _ = try await api.post("/v1/schedules/\(Self.id(api))/pause", [:])
      #expect(try await api.get("/healthz").status == 200)
    }
  }

  @Test func `a skip is listed and taken back, with who did what`() async throws {
    try await withAPI { api in
      try await api.path.apply(Self.job())
      let id = try await Self.id(api)
      let none = try await api.post("/v1/schedules/\(id)/unskip", [:])
      #expect(none.status == 409)
      #expect(none.message == "The schedule of job brief skips no time that is still to come.")
      _ = try await api.post("/v1/schedules/\(id)/skip", ["by": "ada", "reason": "A holiday."])
      let listed = try await api.get("/v1/schedules").json["data"]?[0]?["skips"]
      #expect(
        listed == [
          ["nominal_at": "2026-11-12T10:00:00Z", "reason": "ada asked to skip this time: A holiday."]
        ])
      let wrong = try await api.post("/v1/schedules/\(id)/unskip", ["at": "noon"])
      #expect(wrong.status == 400 && wrong.message.hasPrefix("at: “noon” is not a time"))
      // Noon in Riga is ten o'clock.
      let back = try await api.post(
        "/v1/schedules/\(id)/unskip", ["at": "2026-11-12T12:00", "by": "bob", "reason": "It is next week."])
      #expect(back.json["unskipped_at"] == "2026-11-12T10:00:00Z" && back.json["skips"] == [])
      #expect(back.json["next_at"] == "2026-11-12T10:00:00Z")
      let deeds = try await api.get("/v1/schedules/\(id)").json["deeds"]?.arrayValue ?? []
      #expect(Set(deeds.compactMap { $0["by"]?.stringValue }) == ["ada", "bob"])
      #expect(
        deeds.contains([
          "type": "schedule_deed", "deed": "unskip", "nominal_at": "2026-11-12T10:00:00Z",
          "at": "2026-11-12T09:00:00Z", "by": "bob", "reason": "It is next week.",
        ]))
    }
  }

  @Test func `a backfill starts each time once`() async throws {
    try await withAPI { api in
      try await api.path.apply(Self.job())
      let id = try await Self.id(api)
      let body: JSON = [
        "from": "2026-11-12T06:00:00Z", "to": "2026-11-12T08:00:00Z", "overlap": "allow_all",
      ]
      let first = try await api.post("/v1/schedules/\(id)/backfill", body)
      #expect(first.status == 200, "\(first.text)")
      let firings = first.json["data"]?.arrayValue ?? []
      #expect(
        firings.map { $0["nominal_at"] } == [
          "2026-11-12T06:00:00Z", "2026-11-12T07:00:00Z", "2026-11-12T08:00:00Z",
        ])
      #expect(firings.allSatisfy { $0["kind"] == "backfill" && $0["was_there"] == false })
      let again = try await api.post("/v1/schedules/\(id)/backfill", body)
      #expect(again.json["data"]?.arrayValue?.map { $0["run_id"] } == firings.map { $0["run_id"] })
      #expect(again.json["data"]?.arrayValue?.allSatisfy { $0["was_there"] == true } == true)
    }
  }

  @Test(arguments: [
    ("backfill", #"{"from": "2026-11-12T06:00:00Z"}"#, 400, "from, to: give the first and the last time"),
    (
      "backfill", #"{"from": "2026-11-12T06:00:00Z", "to": "soon"}"#, 400,
      "to: “soon” is not a time such as 2026-11-12T07:00:00Z."
    ),
    (
      "backfill", #"{"from": "2026-11-12T06:00:00Z", "to": "2026-11-12T08:00:00Z", "overlap": "never"}"#, 400,
      "overlap: “never” is not one of skip, buffer_one"
    ),
    (
      "backfill", #"{"from": "2026-11-12T06:00:00Z", "to": "2027-11-12T08:00:00Z"}"#, 400,
      "A backfill makes up for times that have passed"
    ),
    ("pause", #"{"because": "x"}"#, 400, "because: there is no such field. The fields are by, reason."),
    ("pause", #"{"reason": ""}"#, 400, "reason: use a text of 1 to 500 characters."),
  ])
  func `what cannot be done is refused in words`(deed: String, body: String, status: Int, words: String)
    async throws
  {
    try await withAPI { api in
      try await api.path.apply(Self.job())
      let id = try await Self.id(api)
      let refused = try await api.send("POST", "/v1/schedules/\(id)/\(deed)", Array(body.utf8))
      #expect(refused.status == status, "\(refused.text)")
      #expect(refused.message.hasPrefix(words), "\(refused.message)")
    }
  }

  @Test(arguments: ["pause", "unpause", "skip", "unskip", "backfill", ""])
  func `a schedule that is not there is 404`(deed: String) async throws {
    try await withAPI { api in
      let target = "/v1/schedules/depl_1.hourly\(deed.isEmpty ? "" : "/\(deed)")"
      let body: JSON =
        deed == "backfill" ? ["from": "2026-11-12T06:00:00Z", "to": "2026-11-12T08:00:00Z"] : [:]
      let answer = deed.isEmpty ? try await api.get(target) : try await api.post(target, body)
      #expect(answer.status == 404, "\(answer.text)")
      #expect(answer.message.hasPrefix("There is no schedule depl_1.hourly."))
    }
  }

  @Test func `pages of schedules follow each other`() async throws {
    try await withAPI { api in
      for number in 0..<7 { try await api.path.apply(Self.job("job-\(number)")) }
      var seen: [String] = []
      var target: String? = "/v1/schedules?limit=3"
      while let next = target {
        let page = try await api.get(next)
        seen += page.json["data"]?.arrayValue?.compactMap { $0["job"]?.stringValue } ?? []
        target = page.json["next_page"]?.stringValue.map { "/v1/schedules?limit=3&page=\($0)" }
      }
      #expect(seen == (0..<7).map { "job-\($0)" })
    }
  }

  @Test func `why nothing started at a time is told for a job, and for one of its schedules`() async throws {
    try await withAPI { api in
      try await api.path.apply(Self.job(), JobDefinition("still"))
      let id = try await Self.id(api)
      _ = try await api.post("/v1/schedules/\(id)/pause", ["by": "ada", "reason": "Holidays."])
      let sentence = "Skipped: The schedule was paused by ada at 2026-11-12T09:00:00Z: Holidays."
      // 12:00 in Riga.
      let why = try await api.get("/v1/why/brief?at=2026-11-12T12:00")
      #expect(why.json["sentence"]?.stringValue == sentence)
      #expect(why.json["subject"] == "job" && why.json["accounts"]?[0]?["is_named"] == true)
      #expect(why.json["accounts"]?[0]?["nominal_at"] == "2026-11-12T10:00:00Z")
      let shown = try await api.get("/v1/schedules/\(id)?at=2026-11-12T12:00:00%2B02:00")
      #expect(shown.json["account"]?["reason"]?.stringValue == sentence)
      let none = try await api.get("/v1/why/still?at=2026-11-12T12:00:00Z")
      #expect(none.json["sentence"] == "Job still has no schedule.")
      let wrong = try await api.get("/v1/why/brief?at=seven")
      #expect(wrong.status == 400)
      #expect(wrong.message.hasPrefix("at: “seven” is not a time such as 2026-11-12T07:00:00Z"))
      #expect(try await api.get("/v1/why/nobody?at=2026-11-12T12:00:00Z").status == 404)
    }
  }

  @Test func `what a removed trigger, an archived job or an earlier one of the name fired is told`()
    async throws
  {
    try await withAPI { api in
      func why(_ question: String = "") async throws -> String {
        let answer = try await api.get("/v1/why/brief\(question)")
        return answer.json["sentence"]?.stringValue ?? answer.text
      }
      try await api.path.apply(Self.job(), JobDefinition("other"))
      let id = try await Self.id(api)
      let eight = Timestamp("2026-11-12T08:00:00Z")!
      let made = try await api.path.schedules.backfill(id, from: eight, to: eight, overlap: .allowAll)
      let run = try #require(made.first?.firing.run)
      // Ten in Riga.
      let at = "?at=2026-11-12T10:00"
      let told = "Backfilled at 2026-11-12T09:00:00Z. Started: It started \(run)."
      try await api.path.apply(JobDefinition("brief"), JobDefinition("other"))
      #expect(try await why("?at=2026-11-12T08:00:00Z") == "\(told) That was its trigger hourly.")
      try await api.path.apply(Self.job(), JobDefinition("other"))
      try await api.path.apply(JobDefinition("other"), prune: true)
      #expect(
        try await why()
          == "Nothing starts because brief was archived at 2026-11-12T09:00:00Z; apply its file again to bring it back."
      )
      #expect(try await why(at) == "\(told) The job was archived at 2026-11-12T09:00:00Z.")
      #expect(
        try await why("?at=2026-11-11T10:00")
          == "Job brief has no schedule; it was archived at 2026-11-12T09:00:00Z.")
      api.path.clock.advance(by: .seconds(60))
      try await api.path.apply(Self.job(), JobDefinition("other"))
      #expect(
        try await why(at)
          == "The schedule was applied only later, at 2026-11-12T09:00:00Z; what it would have named before does not count. It was backfilled as \(run), at 2026-11-12T09:00:00Z."
      )
      let last = try await why()
      #expect(last.hasPrefix("\(run) is queued; its schedule"))
      #expect(try await api.get("/v1/why/nobody").status == 404)
      // Earlier versions made another job of what came back.
      try await api.path.database.write { tx in
        try tx.run(
          """
          INSERT INTO jobs (id, name, origin, agent_id, definition, revision, written, created_at, updated_at,
            archived_at)
          SELECT 'depl_0old', name, origin, agent_id, definition, revision, 'w', created_at, updated_at, updated_at
          FROM jobs WHERE name = 'brief'
          """)
        try tx.run("UPDATE firings SET job_id = 'depl_0old'")
      }
      #expect(try await why(at) == "\(told) That was an earlier job brief, which was archived.")
    }
  }
}
