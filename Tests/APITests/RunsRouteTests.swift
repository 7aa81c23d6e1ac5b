import Catalog
import HTTPClient
import JSON
import Jobs
import Outbox
import PathSupport
import Primitives
import Queue
import Reading
import Runs
import Sessions
import Signatures
import Store
import TestSupport
import Testing

@testable import API

@Suite(.timeLimit(.minutes(5))) struct RunsRouteTests {
  private static func key(_ text: String) -> [(name: String, value: String)] {
    [(name: "idempotency-key", value: text)]
  }

  @Test func `a run is started, shown and cancelled`() async throws {
    try await withAPI { api in
      try await api.path.apply(JobDefinition(message: "{{trigger.body.title}}"))
      let started = try await api.post("/v1/runs", ["job": "job", "input": ["title": "The door"]])
      #expect(started.status == 201)
      #expect(started.json["state"] == "queued")
      let id = try #require(started.json["id"]?.stringValue)
      #expect(try await api.path.run(id).snapshot.message.contains("The door"))
      let shown = try await api.get("/v1/runs/\(id)")
      #expect(shown.json["trigger"]?["kind"] == "manual")
      #expect(shown.json["deliveries"] == [])
      let actor: JSON = ["name": "the key bootstrap", "lane": "owner"]
      #expect(shown.json["trigger"]?["actor"] == actor)
      #expect(try await api.get("/v1/firings").json["data"]?[0]?["actor"] == actor)
      let cancelled = try await api.post("/v1/runs/\(id)/cancel", ["reason": "never mind"])
      #expect(cancelled.json["state"] == "cancelled")
      #expect(cancelled.json["reason"] == "Never mind.")
      let again = try await api.post("/v1/runs/\(id)/cancel", [:])
      #expect(again.status == 409)
      #expect(again.message == "Run \(id) has ended already: cancelled.")
    }
  }

  @Test func `the same Idempotency-Key answers with the first run`() async throws {
    try await withAPI { api in
      try await api.path.apply(JobDefinition())
      let first = try await api.post("/v1/runs", ["job": "job"], and: Self.key("k"))
      let second = try await api.post("/v1/runs", ["job": "job"], and: Self.key("k"))
      let third = try await api.post("/v1/runs", ["job": "job"], and: Self.key("l"))
      #expect([first.status, second.status, third.status] == [201, 200, 201])
      #expect(first.json["id"] == second.json["id"])
      #expect(first.json["id"] != third.json["id"])
      let long = try await api.post(
        "/v1/runs", ["job": "job"], and: Self.key(String(repeating: "k", count: 256)))
      #expect(long.status == 400)
      #expect(long.message == "Idempotency-Key: use 1 to 255 characters.")
    }
  }

  @Test func `a key that may only start neither ends other runs nor reads them`() async throws {
    try await withAPI { api in
      try await api.path.apply(JobDefinition())
      let made = try await api.post("/v1/keys", ["name": "hooks", "scope": "hooks"]).json
      let key = [(name: "authorization", value: "Bearer \(made["key"]?.stringValue ?? "")")]
      let started = try await api.send("POST", "/v1/runs", (["job": "job"] as JSON).bytes, headers: key)
      #expect(started.status == 201)
      #expect(
        Set(started.json.objectValue?.keys.map { $0 } ?? []) == [
          "id", "type", "job", "job_id", "firing_id", "created_at",
        ])
      let other = try await api.send(
        "POST", "/v1/runs", (["job": "job", "overlap": "terminate_other"] as JSON).bytes, headers: key)
      #expect(other.status == 403)
    }
  }

  @Test func `an Idempotency-Key is one API key's, and one request's`() async throws {
    try await withAPI { api in
      for name in ["job", "other"] { try await api.path.apply(JobDefinition(name)) }
      func key(_ scope: String) async throws -> [(name: String, value: String)] {
        let made = try await api.post("/v1/keys", ["name": .string(scope), "scope": .string(scope)]).json
        return [(name: "authorization", value: "Bearer \(made["key"]?.stringValue ?? "")")]
      }
      let first = try await api.post("/v1/runs", ["job": "job", "input": 1], and: Self.key("k"))
      for body in [["job": "job", "input": 2], ["job": "job"], ["job": "other", "input": 1]] as [JSON] {
        let other = try await api.post("/v1/runs", body, and: Self.key("k"))
        #expect(other.status == 409)
        #expect(
          other.message
            == "Idempotency-Key: The key \"k\" came with another request before. Take a new one for each request."
        )
      }
      for scope in ["hooks", "run", "admin"] {
        let headers = try await key(scope) + Self.key("k")
        let body = (["job": "job", "input": 1] as JSON).bytes
        let own = try await api.send("POST", "/v1/runs", body, headers: headers)
        #expect(own.status == 201)
        #expect(own.json["id"] != first.json["id"])
        #expect(try await api.send("POST", "/v1/runs", body, headers: headers).json["id"] == own.json["id"])
      }
      #expect(try await api.path.count("runs") == 4)
    }
  }

  @Test func `a key of an older server still answers, to who may see every run`() async throws {
    try await withAPI { api in
      try await api.path.apply(JobDefinition())
      let old = try await api.path.start("job", .request(key: "k")).firing
      let again = try await api.post("/v1/runs", ["job": "job"], and: Self.key("k"))
      #expect(again.status == 200)
      #expect(again.json["id"]?.stringValue == old.run)
      let made = try await api.post("/v1/keys", ["name": "hooks", "scope": "hooks"]).json
      let other = try await api.send(
        "POST", "/v1/runs", (["job": "job"] as JSON).bytes,
        headers: [(name: "authorization", value: "Bearer \(made["key"]?.stringValue ?? "")")] + Self.key("k"))
      #expect(other.status == 201)
      #expect(other.json["id"]?.stringValue != old.run)
    }
  }

  @Test(arguments: ["/v1/runs", "/v1/firings"])
  func `pages stay right while rows are added`(list: String) async throws {
    try await withAPI { api in
      try await api.path.apply(JobDefinition())
      func add() async throws {
        api.path.clock.advance(by: .milliseconds(10))
        try await api.path.start()
      }
      for _ in 0..<7 { try await add() }
      let all = try await api.get(list).json["data"]?.arrayValue?.compactMap { $0["id"]?.stringValue } ?? []
      var seen: [String] = []
      var target: String? = "\(list)?limit=3"
      while let next = target {
        let page = try await api.get(next)
        seen += page.json["data"]?.arrayValue?.compactMap { $0["id"]?.stringValue } ?? []
        target = page.json["next_page"]?.stringValue.map { "\(list)?limit=3&page=\($0)" }
        try await add()
      }
      #expect(all.count == 7)
      #expect(seen == all)
      #expect(all == all.sorted(by: >))
    }
  }

  @Test func `a webhook is answered 202, its repeat 200 with the same run, a forgery 401`() async throws {
    try await withAPI { api in
      try await api.path.apply(JobDefinition(triggers: [["webhook": "desk"]]))
      let body = Array("{}".utf8)
      let now = api.path.clock.now.seconds
      let signature = try StandardWebhooks(secrets: [Path.secret]).sign(
        id: "msg_1", timestamp: now, body: body)
      func send(_ signature: String) async throws -> APIBench.Answer {
        try await api.send(
          "POST", "/hooks/desk", body,
          headers: [
            (name: "webhook-id", value: "msg_1"), (name: "webhook-timestamp", value: "\(now)"),
            (name: "webhook-signature", value: signature),
          ])
      }
      let first = try await send(signature)
      let second = try await send(signature)
      let forged = try await send("v1,\(Base64.encode([UInt8](repeating: 1, count: 32)))")
      #expect([first.status, second.status, forged.status] == [202, 200, 401])
      #expect(first.json["run_id"]?.stringValue?.hasPrefix("run_") == true)
      #expect(second.json["run_id"] == first.json["run_id"])
      #expect(second.json["repeat"] == true)
      #expect(forged.json["error"]?["details"]?["error_code"] == "signature_mismatch")
    }
  }

  @Test(arguments: ["/v1/runs", "/v1/firings"])
  func `a list of a job that is not there says so, with the nearest`(list: String) async throws {
    try await withAPI { api in
      try await api.path.apply(JobDefinition("daily-brief"))
      let answer = try await api.get("\(list)?job=daily-breif")
      #expect(answer.status == 404)
      #expect(answer.message == "There is no job \"daily-breif\". Did you mean \"daily-brief\"?")
      #expect(try await api.get("\(list)?job=daily-brief").json["data"] == [])
    }
  }

  @Test func `a decision that is none is told with all there are, held too`() async throws {
    try await withAPI { api in
      let answer = try await api.get("/v1/firings?decision=hled")
      #expect(
        answer.message
          == "decision: “hled” is not one of started, joined, skipped, filtered, missed, superseded, failed_to_start, "
          + "held. Did you mean “held”?")
    }
  }

  @Test func `sessions, files, agents and environments say what they belong to`() async throws {
    try await withAPI { api in
      let path = api.path
      try await path.apply(JobDefinition("brief"))
      let run = try await path.started("brief")
      func why(_ id: String) async throws -> String? {
        try await api.get("/v1/why/\(id)").json["sentence"]?.stringValue
      }
      #expect(
        try await why(run.session)
          == "It is attempt 1 of \(run.id), which is queued because no worker is running: start `errand serve`, or look "
          + "at one that was started with --role worker.")
      let job = try await path.database.read { tx in try path.jobs.job(tx, named: "brief") }
      #expect(try await why(job.agent)?.hasSuffix("; the job brief uses it.") == true)
      #expect(try await why(job.environment)?.hasPrefix("It is the environment ") == true)
      let (made, given) = try await path.database.write { tx in
        let content = try path.files.keep(Array("text".utf8))
        return (
          try path.files.add(tx, content, named: "brief.md", session: run.session),
          try path.files.add(tx, content, named: "notes.md")
        )
      }
      #expect(
        try await why(made.id) == "It was made by the agent of \(run.session), attempt 1 of \(run.id).")
      #expect(try await why(given.id) == "It was uploaded, or is an input of a job.")
      #expect(try await api.get("/v1/why/sesn_0").status == 404)
    }
  }

  @Test func `runs are listed by when they were made`() async throws {
    try await withAPI { api in
      try await api.path.apply(JobDefinition())
      var runs: [String] = []
      for _ in 0..<3 {
        runs.append(try await api.path.started().id)
        api.path.clock.advance(by: .seconds(60))
      }
      let second = try await api.path.run(runs[1]).createdAt.description
      func ids(_ query: String) async throws -> [String] {
        try await api.get("/v1/runs?\(query)").json["data"]?.arrayValue?.compactMap { $0["id"]?.stringValue }
          ?? []
      }
      #expect(try await ids("created_at[gte]=\(second)") == [runs[2], runs[1]])
      #expect(try await ids("created_at[gt]=\(second)") == [runs[2]])
      #expect(try await ids("created_at[lt]=\(second)") == [runs[0]])
      #expect(try await ids("created_at[lte]=\(second)&job=job&state=queued") == [runs[1], runs[0]])
      #expect(try await api.get("/v1/runs?created_at[gte]=yesterday").status == 400)
    }
  }

  @Test func `the end of an id finds the whole one`() async throws {
    try await withAPI { api in
      try await api.path.apply(JobDefinition())
      let run = try await api.path.started()
      func ids(_ end: some StringProtocol) async throws -> [String] {
        try await api.get("/v1/ids/\(end)").json["data"]?.arrayValue?.compactMap { $0["id"]?.stringValue }
          ?? []
      }
      #expect(try await ids(run.id.suffix(8)) == [run.id])
      #expect(try await ids("run_\(run.id.suffix(8))") == [run.id])
      #expect(try await ids("dlv_\(run.id.suffix(8))") == [])
      for thing in [run.session, run.firing, run.job] { #expect(try await ids(thing.suffix(10)) == [thing]) }
      #expect(try await ids("zzzzzzzzzzzz") == [])
      for bad in ["abc", "a%25bc", "run_"] {
        #expect(try await api.get("/v1/ids/\(bad)").status == 400, "\(bad)")
      }
    }
  }

  @Test func `a list of jobs says how each stands`() async throws {
    try await withAPI { api in
      try await api.path.apply(
        JobDefinition("timed", triggers: [["every": "1h"]]), JobDefinition("plain"))
      let first = try await api.get("/v1/jobs").json["data"]?.arrayValue ?? []
      #expect(first.map { $0["name"] } == ["plain", "timed"])
      #expect(first[0]["last_run"] == .null)
      #expect(first[0]["next_at"] == .null)
      #expect(first[0]["paused"] == false)
      #expect(first[1]["next_at"]?.stringValue?.hasSuffix(":00:00Z") == true)
      #expect(first[1]["next_timezone"] == "UTC")
      let run = try await api.path.started("plain")
      let after = try await api.get("/v1/jobs/plain").json
      #expect(after["last_run"]?["id"] == .string(run.id))
      #expect(after["last_run"]?["state"] == "queued")
      let schedule = try #require(
        try await api.get("/v1/schedules?job=timed").json["data"]?[0]?["id"]?.stringValue)
      _ = try await api.post("/v1/schedules/\(schedule)/pause", [:])
      let paused = try await api.get("/v1/jobs/timed").json
      #expect(paused["paused"] == true)
      #expect(paused["next_at"] == .null)
    }
  }

  @Test func `a delivery that waits is sent ahead of its time, one that has arrived is not`() async throws {
    try await withAPI { api in
      let path = api.path
      let id = try await path.database.write { tx in
        try path.outbox.add(tx, run: "run_1", kind: "webhook", target: [:], payload: [:])
      }
      try await path.work([
        Handler(kind: .delivery, concurrency: 1) { claim in
          try await path.database.write { tx in
            try path.outbox.failed(tx, claim, error: "Nobody.", next: path.clock.now + .seconds(3600))
          }
        }
      ])
      let sent = try await api.post("/v1/deliveries/\(id)/retry", [:])
      #expect(sent.status == 200)
      #expect(sent.json["next_at"]?.stringValue == path.clock.now.description)
      try await path.work([
        Handler(kind: .delivery, concurrency: 1) { claim in
          try await path.database.write { tx in try path.outbox.delivered(tx, claim, receipt: [:]) }
        }
      ])
      let late = try await api.post("/v1/deliveries/\(id)/retry", [:])
      #expect(late.status == 409)
      #expect(late.message == "Delivery \(id) is delivered; there is nothing to send again.")
    }
  }

  @Test func `a dead delivery is sent again`() async throws {
    try await withAPI { api in
      let path = api.path
      let id = try await path.database.write { tx in
        try path.outbox.add(tx, run: "run_1", kind: "webhook", target: [:], payload: [:])
      }
      try await path.work([
        Handler(kind: .delivery, concurrency: 1) { claim in
          try await path.database.write { tx in try path.outbox.buried(tx, claim, reason: "Gone.") }
        }
      ])
      #expect(try await api.get("/v1/deliveries?state=dead").json["data"]?[0]?["last_error"] == "Gone.")
      #expect(try await api.post("/v1/deliveries/\(id)/retry", [:]).json["state"] == "pending")
    }
  }

  @Test func `a bundle is applied whole or not at all`() async throws {
    try await withAPI { api in
      try await api.path.apply(JobDefinition())
      let good: JSON = [
        "definition": [
          "name": "good", "agent": "tester", "environment": "bench", "triggers": [],
          "input": ["message": "p.md"],
        ], "files": ["p.md": .string(Base64.encode(Array("Do it.".utf8)))],
      ]
      var bad = good
      bad["definition"]?["name"] = "bad"
      bad["definition"]?["agent"] = "testre"
      let refused = try await api.post("/v1/jobs", ["jobs": [good, bad]])
      #expect(refused.status == 400)
      #expect(refused.message.contains("testre") && refused.message.contains("tester"), "\(refused.text)")
      #expect(try await api.get("/v1/jobs/good").status == 404)
      let taken = try await api.post("/v1/jobs", ["jobs": [good], "prune": true])
      #expect(taken.status == 200)
      #expect(
        Set(
          taken.json["things"]?.arrayValue?.map {
            "\($0["name"]!.stringValue!) \($0["change"]!.stringValue!)"
          } ?? [])
          == ["good created", "job archived"])
    }
  }

  @Test func `what a job made can be listed and fetched, and is no page for a browser`() async throws {
    try await withAPI { api in
      let path = api.path
      let file = try await path.database.write { tx in
        try path.files.add(tx, path.files.keep(Array("<script>".utf8)), named: "a.html", session: "sesn_1")
      }
      let list = try await api.get("/v1/files?scope_id=sesn_1")
      #expect(list.json["data"]?[0]?["id"] == .string(file.id))
      let content = try await api.get("/v1/files/\(file.id)/content")
      #expect(content.text == "<script>")
      #expect(content.headers.first("content-disposition")?.hasPrefix("attachment") == true)
      #expect(content.headers.first("x-content-type-options") == "nosniff")
    }
  }
}
