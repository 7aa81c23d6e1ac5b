import JSON
import Jobs
import PathSupport
import Primitives
import Runs
import Store
import TestSupport
import Testing

/// What templates see of times, as the job's own clocks show them.
@Suite(.timeLimit(.minutes(5))) struct ClockTests {
  private static let template =
    "{{trigger.date}} {{trigger.local_time}} {{trigger.timezone}} {{previous.time}} {{previous.date}}"

  private static func message(_ path: Path, _ start: Runs.Start) async throws -> String {
    try await path.run(try #require(start.firing.run, "\(start.firing.reason ?? "")")).snapshot.message
  }

  @Test(arguments: [
    // The night in which clocks go forward: 07:00 is an hour earlier in UTC.
    (
      "Europe/Berlin", "2026-03-29T05:00:00Z",
      "2026-03-29 2026-03-29T07:00:00+02:00 Europe/Berlin 2026-03-28T07:00:00+01:00 2026-03-28"
    ),
    // Yesterday in UTC, today in Auckland.
    (
      "Pacific/Auckland", "2026-11-11T18:00:00Z",
      "2026-11-12 2026-11-12T07:00:00+13:00 Pacific/Auckland 2026-11-11T07:00:00+13:00 2026-11-11"
    ),
    (
      "America/Los_Angeles", "2026-11-01T15:00:00Z",
      "2026-11-01 2026-11-01T07:00:00-08:00 America/Los_Angeles 2026-10-31T07:00:00-07:00 2026-10-31"
    ),
    (
      "UTC", "2026-11-12T07:00:00Z",
      "2026-11-12 2026-11-12T07:00:00+00:00 UTC 2026-11-11T07:00:00+00:00 2026-11-11"
    ),
  ])
  func `a scheduled run sees its zone's times`(zone: String, nominal: String, told: String) async throws {
    let time = try #require(Timestamp(nominal))
    try await withPath(at: nominal) { path in
      try await path.apply(
        JobDefinition(
          message: Self.template,
          triggers: [["schedule": "0 7 * * *", "timezone": .string(zone), "name": "seven"]]))
      #expect(try await Self.message(path, path.start("job", .time(time), trigger: "seven")) == told)
    }
  }

  @Test func `a start by hand has the zone of the job's schedule, and its latest time`() async throws {
    try await withPath(at: "2026-11-12T22:30:00Z") { path in
      try await path.apply(
        JobDefinition(
          message: Self.template,
          triggers: [
            ["schedule": "0 7 * * *", "timezone": "Asia/Tokyo"],
            ["schedule": "0 6 * * *", "timezone": "Asia/Tokyo"],
          ]))
      #expect(
        try await Self.message(path, path.start())
          == "2026-11-13 2026-11-13T07:30:00+09:00 Asia/Tokyo 2026-11-13T07:00:00+09:00 2026-11-13")
    }
  }

  @Test func `without a schedule the time before is that of the last start`() async throws {
    try await withPath(at: "2026-11-12T09:00:00Z") { path in
      try await path.apply(
        JobDefinition(message: "[{{previous.time}}]{{#previous.time}} again{{/previous.time}}"))
      #expect(try await Self.message(path, path.start()) == "[]")
      path.clock.advance(by: .seconds(3600))
      #expect(try await Self.message(path, path.start()) == "[2026-11-12T09:00:00+00:00] again")
      path.clock.advance(by: .seconds(3600))
      #expect(try await Self.message(path, path.start()) == "[2026-11-12T10:00:00+00:00] again")
    }
  }

  @Test func `a schedule that named no time before has none`() async throws {
    try await withPath(at: "2026-11-12T09:00:00Z") { path in
      try await path.apply(
        JobDefinition(
          message: "[{{previous.time}}]",
          triggers: [["at": ["2026-11-12T09:00:00Z", "2026-11-13T09:00:00Z"], "name": "twice"]]))
      let times = try ["2026-11-12T09:00:00Z", "2026-11-13T09:00:00Z"].map { try #require(Timestamp($0)) }
      #expect(try await Self.message(path, path.start("job", .time(times[0]), trigger: "twice")) == "[]")
      let first = try await path.runID ?? ""
      _ = try await path.cancel(first)
      path.clock.advance(by: .seconds(86_400))
      #expect(
        try await Self.message(path, path.start("job", .time(times[1]), trigger: "twice"))
          == "[2026-11-12T09:00:00+00:00]")
    }
  }

  @Test func `callbacks and keys see them too`() async throws {
    try await withPath(at: "2026-11-12T23:30:00Z") { path in
      try await path.apply(
        JobDefinition(
          triggers: [["schedule": "0 7 * * *", "timezone": "Europe/Berlin", "name": "seven"]],
          and: ["callbacks": [["slack": ["text": "{{trigger.date}}, since {{previous.date}}"]]]]))
      let run = try await path.started()
      #expect(run.snapshot.destinations.first?.settings.shown["text"] == "2026-11-13, since 2026-11-12")
    }
  }

  @Test func `looking for the last start finds an index`() async throws {
    try await withPath { path in
      let plan = try await path.plan(
        """
        SELECT created_at FROM firings WHERE job_name = $1 AND id < $2 AND job_id = $3
          AND decision IN ('started', 'joined') ORDER BY id DESC LIMIT 1
        """, 3)
      #expect(plan.contains { $0.contains("firings_by_job") }, "\(plan)")
      #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
    }
  }
}

extension Path {
  /// The only run there is.
  fileprivate var runID: String? {
    get async throws { try await database.read { tx in try tx.row("SELECT id FROM runs")?["id"] } }
  }
}
