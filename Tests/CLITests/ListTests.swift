import ArgumentParser
import Foundation
import HTTPServer
import JSON
import Primitives
import Reading
import TestSupport
import Testing

@testable import CLI
@testable import Jobs

/// Lists of jobs and runs as people see them.
@Suite struct ListTests {
  private static let now = Timestamp("2026-11-12T07:00:00Z")!

  private static func row(_ job: JSON) -> [String] {
    ListJobs.cells(job, now: now).map(\.text)
  }

  @Test func `a job is one line with its last end and its next time`() {
    let job: JSON = [
      "name": "daily-brief", "description": "Every day.", "triggers": [["every": "15m"]],
      "last_run": [
        "state": "succeeded", "created_at": "2026-11-12T05:00:00Z", "ended_at": "2026-11-12T06:00:00Z",
      ],
      "next_at": "2026-11-12T10:00:00Z",
    ]
    let row = Self.row(job)
    #expect(row[0...2] == ["daily-brief", "succeeded", "1 h ago"])
    #expect(row[3].hasSuffix(", in 3 h"))
    #expect(row[4...5] == ["every 15m", "Every day."])
    #expect(row.count == ListJobs.columns.count)
  }

  @Test func `the next time of a job is by the clocks of its zone`() {
    let next: JSON = ["next_at": "2026-11-12T10:00:00Z", "timezone": "America/New_York"]
    #expect(Self.row(next)[3] == "05:00 America/New_York, in 3 h")
    #expect(TimeWords.minute("2026-11-14T10:00:00Z", in: "Europe/Berlin") == "2026-11-14 11:00 Europe/Berlin")
    #expect(
      TimeWords.minute("2026-11-14T10:00:02Z", in: "Europe/Berlin") == "2026-11-14 11:00:02 Europe/Berlin")
    #expect(TimeWords.minute(nil, in: "Europe/Berlin") == "–")
    #expect(
      ShowLogs.clocks("Europe/Berlin", Self.now) == "Times are those of Europe/Berlin.")
  }

  @Test(
    arguments: [
      (["archived_at": "2026-11-01T00:00:00Z", "faults": [[:]]], "archived"),
      (["faults": [["sentence": "x"]], "paused": true], "file is broken"),
      (["faults": [["thing": "folder"]]], "folder is missing"),
      (["faults": [["thing": "folder"], ["thing": "job"]]], "file is broken"),
      (["obstacle": "Its agent is archived.", "next_at": "2026-11-12T10:00:00Z"], "cannot start"),
      (["paused": true, "next_at": .null], "paused"), (["triggers": []], "by hand"),
      (["triggers": [["webhook": "desk"]]], "on a webhook"),
      (["triggers": [["at": ["2020-01-01T00:00:00Z"]]]], "never"),
    ] as [(JSON, String)])
  func `a job that starts at no time says why`(job: JSON, word: String) {
    #expect(Self.row(job)[3] == word)
  }

  @Test(arguments: [
    ("2h", "2026-11-12T05:00:00Z"), ("1d", "2026-11-11T07:00:00Z"), ("1h30m", "2026-11-12T05:30:00Z"),
    ("2026-11-10T08:00:00+02:00", "2026-11-10T06:00:00Z"),
  ])
  func `a moment is how long ago it was, or whole`(text: String, moment: String) throws {
    #expect(try Moment(text, of: "since", now: Self.now).time == Timestamp(moment))
  }

  @Test func `a day and a time are those of this machine's clocks`() throws {
    let day = try Moment("2026-07-10", of: "since", now: Self.now).time
    #expect(TimeWords.full(day).hasPrefix("2026-07-10 00:00:00 "))
    let time = try Moment("2026-01-10T07:30", of: "since", now: Self.now).time
    #expect(TimeWords.full(time).hasPrefix("2026-01-10 07:30:00 "))
  }

  @Test(arguments: ["yesterday-ish", "2h ago", "-2h", "12", "2026-13-01"])
  func `what is no moment is told what is`(text: String) {
    #expect(throws: ValidationError.self) { try Moment(text, of: "since", now: Self.now) }
  }

  @Test func `findings are told to programs with their places`() throws {
    let problem = PlacedProblem(
      file: "Jobs/brief/job.yaml", line: 3, column: 8, path: .root.key("agent"), "There is no agent “x”.")
    let document = Validate.document(
      "Jobs", [(problem, "error"), (PlacedProblem("No key."), "warning")], valid: false)
    #expect(document["valid"] == false)
    #expect(
      document["findings"]?[0] == [
        "severity": "error", "file": "Jobs/brief/job.yaml", "line": 3, "column": 8, "path": "agent",
        "message": "There is no agent “x”.",
      ])
    #expect(document["findings"]?[1]?["line"] == .null)
  }

  @Test func `another name of a command is known`() throws {
    try Errand.checkCommand(["deliveries", "send", "dlv_1"])
    try Errand.checkCommand(["deliveries", "retry", "dlv_1"])
    #expect(throws: Complaint.self) { try Errand.checkCommand(["deliveries", "sned", "dlv_1"]) }
  }

  @Test func `following tells what is there, what comes and what changes, and each once`() async throws {
    func run(_ number: Int, _ state: String, ended: Bool = false) -> JSON {
      [
        "id": .string("run_\(number)"), "job": "brief", "state": .string(state),
        "created_at": "2026-11-12T05:00:00Z", "ended_at": ended ? "2026-11-12T06:00:00Z" : .null,
      ]
    }
    let pages: [[JSON]] = [
      [run(1, "running")], [run(2, "queued"), run(1, "running")],
      [run(2, "queued"), run(1, "succeeded", ended: true)],
      [run(2, "running"), run(1, "succeeded", ended: true)],
    ]
    let (asked, told) = (Lock(0), Lock<[String]>([]))
    let scripted = try ScriptedServer { _ in
      let place = asked.withLock { place in
        defer { place += 1 }
        return min(place, pages.count - 1)
      }
      return ScriptedServer.json(["data": .array(pages[place]), "next_page": .null])
    }
    let sleeps = Lock(0)
    struct Enough: Error {}
    let time = Time(
      now: { Self.now },
      sleep: { _ in
        let count = sleeps.withLock { count in
          count += 1
          return count
        }
        if count > 4 { throw Enough() }
      })
    let follower = RunsFollower(
      server: try Server(url: scripted.url, key: nil), filter: [("job", "brief")], state: nil, time: time,
      tell: { run in told.withLock { $0.append("\(run["id"]!.stringValue!) \(run["state"]!.stringValue!)") }
      },
      notice: { _ in })
    await #expect(throws: Enough.self) { try await follower.follow(showing: 20) }
    #expect(
      told.withLock { $0 } == [
        "run_1 running", "run_2 queued", "run_1 succeeded", "run_2 running",
      ])
    #expect(scripted.requests.first?.target == "/v1/runs?job=brief&limit=100")
  }
}
