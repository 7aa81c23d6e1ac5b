import Foundation
import HTTPServer
import JSON
import Processes
import TestSupport
import Testing

@testable import CLI

/// `errand schedules`, `errand backfill` and `errand why --at`, against a scripted server.
@Suite struct ScheduleCommandTests {
  private static var program: String {
    URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "errand").path
  }

  private func errand(_ arguments: String..., server: ScriptedServer) async throws -> Command.Output {
    let environment = [
      "ERRAND_URL": server.url, "ERRAND_API_KEY": "errand_k", "TZ": "UTC", "USER": "ada",
      "LD_LIBRARY_PATH": ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? "",
    ]
    return try await Command([Self.program] + arguments, environment: environment, limit: .seconds(30)).run()
  }

  private static let schedule: JSON = [
    "id": "depl_1.weekdays", "job": "brief", "trigger": "weekdays", "expression": "0 7 * * 1-5",
    "timezone": "Europe/Riga", "state": "active", "paused": nil, "next_at": "2020-01-02T05:00:00Z",
    "upcoming": ["2020-01-02T05:00:00Z", "2020-01-03T05:00:00Z"],
    "last": [
      "nominal_at": "2020-01-01T05:00:00Z", "late_ms": 12, "decision": "started", "run_id": "run_1",
    ], "failures_in_a_row": 2, "starts_left": 3,
    "skips": [["nominal_at": "2020-01-06T05:00:00Z", "reason": "ada asked to skip this time: A holiday."]],
  ]

  /// Answers with the schedule, whatever is done to it.
  private static func server(_ more: JSON = [:]) throws -> ScriptedServer {
    try ScriptedServer { request in
      if request.path == "/v1/schedules" {
        return ScriptedServer.json(["data": [schedule], "next_page": nil])
      }
      var answer = schedule.objectValue ?? [:]
      for (key, value) in more.objectValue ?? [:] { answer[key] = value }
      return ScriptedServer.json(.object(answer))
    }
  }

  @Test func `schedules are listed with what comes next and what came last`() async throws {
    let server = try Self.server()
    let output = try await errand("schedules", "--job", "brief", server: server)
    #expect(output.exit == .code(0), "\(output.errorText)")
    #expect(server.requests.first?.target == "/v1/schedules?job=brief&limit=100")
    for part in [
      "brief (weekdays)  0 7 * * 1-5  Europe/Riga  active", "next    2020-01-02", "2020-01-03",
      "skips   2020-01-06", "ada asked to skip this time: A holiday.", "12 ms late  started run_1",
      "left    3 starts", "failed  2 in a row",
    ] {
      #expect(output.text.contains(part), "\(part) in \(output.text)")
    }
    let json = try await errand("schedules", "--json", server: server)
    #expect(try JSON(parsing: json.text)["data"] == [Self.schedule])
  }

  private static let deeds: [(deed: String, answer: JSON, words: String)] = [
    ("pause", ["paused": ["by": "ada"]], "brief (weekdays) is paused by ada."),
    ("unpause", [:], "brief (weekdays) goes on: next 2020-01-02"),
    ("skip", ["skipped_at": "2020-01-02T05:00:00Z"], "brief (weekdays) skips 2020-01-02"),
    ("unskip", ["unskipped_at": "2020-01-06T05:00:00Z"], "brief (weekdays) skips 2020-01-06"),
  ]

  @Test(arguments: deeds)
  func `what is done to a schedule says who and why`(deed: String, answer: JSON, words: String)
    async throws
  {
    let server = try Self.server(answer)
    let output = try await errand("schedules", deed, "brief", "--reason", "Holidays.", server: server)
    #expect(output.exit == .code(0), "\(output.errorText)")
    #expect(output.text.hasPrefix(words), "\(output.text)")
    let request = try #require(server.requests.last)
    #expect(request.target == "/v1/schedules/depl_1.weekdays/\(deed)")
    #expect(try JSON(parsing: request.body) == ["by": "ada", "reason": "Holidays."])
  }

  @Test func `a schedule that is paused already says so, with the reason that stays`() async throws {
    let server = try ScriptedServer { _ in
      var paused = Self.schedule.objectValue ?? [:]
      paused["state"] = "paused"
      paused["paused"] = ["at": "2020-01-01T00:00:00Z", "by": "bob", "reason": "it is broken"]
      paused["starts_left"] = 1
      return ScriptedServer.json(["data": [.object(paused)], "next_page": nil])
    }
    let output = try await errand("schedules", "pause", "brief", "--reason", "Holidays.", server: server)
    #expect(output.exit == .code(0), "\(output.errorText)")
    #expect(
      output.text
        == "brief (weekdays) is paused already by bob: It is broken. That stays; unpause it first to give another reason.\n"
    )
    #expect(server.requests.allSatisfy { $0.method == "GET" })
    let list = try await errand("schedules", server: server)
    #expect(list.text.contains("left    1 start\n"), "\(list.text)")
  }

  @Test func `a trigger that the job does not have is named with those it has`() async throws {
    let server = try Self.server()
    let output = try await errand("schedules", "pause", "brief", "--trigger", "sundays", server: server)
    #expect(output.exit != .code(0))
    #expect(output.errorText.contains("Job brief has no schedule sundays. It has weekdays."))
  }

  @Test func `a backfill sends its bounds and tells each time`() async throws {
    let server = try ScriptedServer { request in
      request.path == "/v1/schedules"
        ? ScriptedServer.json(["data": [Self.schedule], "next_page": nil])
        : ScriptedServer.json([
          "data": [
            [
              "nominal_at": "2020-01-01T05:00:00Z", "decision": "started", "run_id": "run_1",
              "was_there": false,
            ],
            [
              "nominal_at": "2020-01-02T05:00:00Z", "decision": nil, "reason": "It waits for its turn.",
              "was_there": true,
            ],
          ], "next_page": nil,
        ])
    }
    let output = try await errand(
      "backfill", "brief", "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-03T00:00:00Z", "--overlap",
      "allow_all", server: server)
    #expect(
      output.text == """
        2020-01-01T05:00:00Z  started  run_1
        2020-01-02T05:00:00Z  was there already: waits  It waits for its turn.

        """)
    #expect(
      try JSON(parsing: server.requests.last?.body ?? [])
        == ["from": "2020-01-01T00:00:00Z", "to": "2020-01-03T00:00:00Z", "overlap": "allow_all"])
  }

  @Test func `why with a time asks for that time`() async throws {
    let server = try ScriptedServer { _ in
      ScriptedServer.json(["type": "why", "sentence": "Skipped: Run run_1 is running."])
    }
    let output = try await errand("why", "brief", "--at", "2020-01-01T07:00", server: server)
    #expect(output.text == "Skipped: Run run_1 is running.\n")
    #expect(server.requests.last?.query.first { $0.name == "at" }?.value == "2020-01-01T07:00")
  }

  @Test func `a time of a schedule is told by its account`() async throws {
    let server = try Self.server(["account": ["reason": "It is still to come."]])
    let output = try await errand("schedules", "at", "brief", "2020-01-01T07:00", server: server)
    #expect(output.text == "brief (weekdays): It is still to come.\n")
  }
}
