import Foundation
import JSON
import Processes
import TestSupport
import Testing

@testable import CLI

/// `errand cron`, as it is run.
@Suite struct CronCommandTests {
  private static var program: String {
    URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "errand").path
  }

  private func errand(_ arguments: [String], input: String = "") async throws -> Command.Output {
    let environment = ["LD_LIBRARY_PATH": ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? ""]
    return try await Command(
      [Self.program, "cron"] + arguments, environment: environment, input: .bytes(Array(input.utf8)),
      limit: .seconds(60), outputLimit: 16 << 20
    ).run()
  }

  /// The cases of a vector file, one JSON object a line.
  private static func vectors(_ name: String) throws -> [JSON] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "CronTests/Fixtures/\(name).jsonl")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      try JSON(parsing: String($0))
    }
  }

  private func answers(_ cases: [JSON], _ arguments: String...) async throws -> [JSON] {
    let output = try await errand(
      ["next", "--batch"] + arguments, input: cases.map { $0.text + "\n" }.joined())
    #expect(output.exit == .code(0), "\(output.errorText)")
    return try output.text.split(separator: "\n").map { try JSON(parsing: String($0)) }
  }

  @Test func `every case of the vectors is answered in order`() async throws {
    let cases = try Self.vectors("cron-next")
    let answers = try await answers(cases)
    #expect(answers.count == cases.count && cases.count == 3000)
    for (number, (question, answer)) in zip(cases, answers).enumerated() {
      let wanted = question["next"]?.arrayValue ?? []
      let given = answer["next"]?.arrayValue ?? []
      // The vectors end with the century; a case has fewer than eight times then.
      #expect(Array(given.prefix(wanted.count)) == wanted, "case \(number + 1)")
      #expect(
        wanted.count == 8 || given.count <= wanted.count || given[wanted.count].stringValue! >= "2099-12-31")
    }
  }

  @Test func `every expression that is wrong has its class, field, offset and message`() async throws {
    let cases = try Self.vectors("cron-invalid")
    let answers = try await answers(cases)
    #expect(answers.count == cases.count)
    for (question, answer) in zip(cases, answers) {
      let error = answer["error"]
      #expect(error?["class"] == question["error_class"], "\(question.text)")
      #expect(
        error?["field"] == question["field"] && error?["offset"] == question["offset"], "\(question.text)")
      #expect(error?["message"]?.stringValue?.isEmpty == false)
    }
  }

  @Test func `what a case leaves out is taken from the options`() async throws {
    let cases: [JSON] = [
      ["expr": "30 2 * * *"], ["expr": "30 2 * * *", "dst": "wall"],
      ["expr": "30 2 * * *", "dst": "literal"],
      ["expr": "30 2 * * *", "dst": "cron", "count": 1], ["expr": "30 2 * * *", "tz": "UTC", "count": 1],
      ["expr": "0 9 * * *", "start": "2026-06-01T08:00:00+02:00", "count": 1],
      ["expr": "0 9 * * *", "start": "2026-06-01T09:00", "count": 1],
    ]
    let answers = try await answers(
      cases, "--tz", "Europe/Berlin", "--from", "2026-03-28T12:00:00Z", "--count", "2")
    #expect(
      answers == [
        ["next": ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"]],
        ["next": ["2026-03-30T02:30:00+02:00", "2026-03-31T02:30:00+02:00"]],
        ["next": ["2026-03-30T02:30:00+02:00", "2026-03-31T02:30:00+02:00"]],
        ["next": ["2026-03-29T03:00:00+02:00"]], ["next": ["2026-03-29T02:30:00+00:00"]],
        ["next": ["2026-06-01T09:00:00+02:00"]], ["next": ["2026-06-02T09:00:00+02:00"]],
      ])
  }

  @Test(arguments: [
    "2026-11-12T07:00+02:00", "2026-11-12T07:00:00+0200", "2026-11-12T07:00+02", "2026-11-12T05:00Z",
    "2026-11-12T05:00:00.25Z", "2026-11-12T07:00", "2026-11-12 07:00:00", "2026-11-12",
  ])
  func `a start may be written in the ways of ISO 8601`(start: String) async throws {
    let answers = try await answers([
      ["expr": "0 9 * * *", "tz": "Europe/Riga", "start": .string(start), "count": 1]
    ])
    #expect(answers == [["next": ["2026-11-12T09:00:00+02:00"]]])
  }

  @Test func `odd clocks, and times far off, are told by the data of their zones`() async throws {
    let cases: [(JSON, JSON)] = [
      (
        ["expr": "15 2 * * *", "tz": "Australia/Lord_Howe", "start": "2026-10-03T00:00:00Z", "count": 2],
        ["2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"]
      ),
      (
        [
          "expr": "45 1 * * *", "tz": "Australia/Lord_Howe", "start": "2026-04-04T00:00:00Z", "count": 2,
          "dst": "wall",
        ], ["2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30"]
      ),
      (
        ["expr": "30 1 * * *", "tz": "Europe/Dublin", "start": "2026-10-24T12:00:00Z", "count": 2],
        ["2026-10-25T01:30:00+01:00", "2026-10-26T01:30:00+00:00"]
      ),
      (
        ["expr": "0 12 30 12 *", "tz": "Pacific/Apia", "start": "2011-12-28T00:00:00Z", "count": 2],
        ["2011-12-31T00:00:00+14:00", "2012-12-30T12:00:00+14:00"]
      ),
      (
        ["expr": "30 2 * * *", "tz": "Europe/Berlin", "start": "2147-03-25T12:00:00Z", "count": 2],
        ["2147-03-26T03:00:00+02:00", "2147-03-27T02:30:00+02:00"]
      ),
      (
        ["expr": "0 0 29 2 *", "start": "2096-03-01T00:00:00Z", "count": 2],
        ["2104-02-29T00:00:00+00:00", "2108-02-29T00:00:00+00:00"]
      ),
      // Years of five digits cannot be written.
      (["expr": "0 9 * * *", "start": "9999-12-30T10:00:00Z", "count": 4], ["9999-12-31T09:00:00+00:00"]),
    ]
    let answers = try await answers(cases.map(\.0))
    for (answer, (question, wanted)) in zip(answers, cases) {
      #expect(answer == ["next": wanted], "\(question.text)")
    }
  }

  @Test func `an expression alone is a case`() async throws {
    let answers = try await answers([["expr": "0 0 1 1 *"], ["expr": "@every 15m"]])
    #expect(answers.allSatisfy { $0["next"]?.arrayValue?.count == 8 })
    #expect(answers[0]["next"]?[0]?.stringValue?.hasSuffix("-01-01T00:00:00+00:00") == true)
  }

  @Test(arguments: [
    ("no JSON", JSON.null, "The line is not JSON: "), ("[]", .null, "The line is no JSON object."),
    ("{}", "expr", "The case has no expr."), (#"{"expr": 5}"#, "expr", "expr is not a text."),
    (#"{"expr": "* * * * *", "count": 0}"#, "count", "count is not a number from 1 to 10000."),
    (#"{"expr": "* * * * *", "dst": "summer"}"#, "dst", "“summer” is not once, cron, literal or wall."),
    (#"{"expr": "* * * * *", "start": "noon"}"#, "start", "“noon” is not a time such as"),
    (#"{"expr": "* * * * *", "tz": "Nowhere/Atlantis"}"#, "tz", ""),
  ])
  func `a line that is no case has its answer too`(line: String, field: JSON, message: String) async throws {
    let output = try await errand(["next", "--batch"], input: "\(line)\n{\"expr\": \"* * * * *\"}\n")
    #expect(output.exit == .code(0))
    let answers = try output.text.split(separator: "\n").map { try JSON(parsing: String($0)) }
    #expect(answers.count == 2)
    let error = try #require(answers.first?["error"])
    #expect(error["class"] == "bad_case" && error["field"] == field && error["offset"] == .null)
    #expect(error["message"]?.stringValue?.hasPrefix(message) == true, "\(error.text)")
    #expect(answers.last?["next"]?.arrayValue?.count == 8)
  }

  @Test func `a line that is too long has its answer, and those after it theirs`() async throws {
    let long = String(repeating: "x", count: (1 << 20) + 5)
    let input = "\(long)\n{\"expr\": \"* * * * *\"}\n\(long)\(long)\n{\"expr\": \"61 * * * *\"}\n\(long)"
    let output = try await errand(["next", "--batch"], input: input)
    #expect(output.exit == .code(0), "\(output.errorText)")
    let answers = try output.text.split(separator: "\n").map { try JSON(parsing: String($0)) }
    #expect(
      answers.map { $0["error"]?["class"]?.stringValue ?? "times" } == [
        "bad_case", "times", "bad_case", "out_of_range", "bad_case",
      ])
    #expect(
      answers.first?["error"]?["message"]
        == "The line is longer than 1048576 bytes; a case is one line of JSON.")
  }

  @Test func `a blank line is passed over, one of other control characters has its answer`() async throws {
    let output = try await errand(
      ["next", "--batch"], input: "\n \t\r\n\u{1}\u{0}\n{\"expr\": \"@daily\"}\r\n")
    let answers = try output.text.split(separator: "\n").map { try JSON(parsing: String($0)) }
    #expect(answers.count == 2)
    #expect(answers.first?["error"]?["class"] == "bad_case")
    #expect(answers.last?["next"]?.arrayValue?.count == 8)
  }

  @Test func `the next times come as one document, or their fault`() async throws {
    let output = try await errand([
      "next", "0 7 * * *", "--tz", "Europe/Riga", "--from", "2026-11-12T07:00", "--count", "1", "--json",
    ])
    #expect(
      try JSON(parsing: output.text) == [
        "expression": "0 7 * * *", "timezone": "Europe/Riga", "dst": "once",
        "next": ["2026-11-13T07:00:00+02:00"], "warnings": [],
      ])
    let wrong = try await errand(["next", "61 * * * *", "--json"])
    #expect(wrong.exit == .code(65) && wrong.errorText == "")
    #expect(try JSON(parsing: wrong.text)["error"]?["class"] == "out_of_range")
  }

  @Test func `times of one expression are listed, one a line`() async throws {
    let output = try await errand(
      ["next", "0 7 * * MON-FRI", "--tz", "Europe/Riga", "--from", "2026-11-12T07:00", "--count", "3"])
    #expect(
      output.text == "2026-11-13T07:00:00+02:00\n2026-11-16T07:00:00+02:00\n2026-11-17T07:00:00+02:00\n")
    #expect(output.errorText == "")
    let literal = try await errand(
      ["next", "30 2 * * *", "--tz", "Europe/Berlin", "--from", "2026-03-28T12:00Z", "--dst", "literal"])
    #expect(literal.text.hasPrefix("2026-03-30T02:30:00+02:00\n"), "\(literal.errorText)")
    let wall = try await errand(
      ["next", "30 2 * * *", "--tz", "Europe/Berlin", "--from", "2026-03-28T12:00:00Z", "--dst", "wall"])
    #expect(wall.text == literal.text)
    let odd = try await errand(["next", "*/90 * * * *", "--count", "1"])
    #expect(odd.errorText.hasPrefix("warning: The step 90 in the minute field"))
  }

  @Test func `an expression that is wrong ends with 65 and a sentence`() async throws {
    for command in ["next", "explain"] {
      let output = try await errand([command, "61 * * * *"])
      #expect(output.exit == .code(65))
      #expect(output.text == "")
      #expect(
        output.errorText.hasPrefix(
          "error: Found \"61\" in the minute field at offset 0, expected a number from 0 to 59."))
    }
  }

  @Test(arguments: [
    [["next"], ["next", "--batch", "* * * * *"], ["next", "* * * * *", "--count", "0"]]
  ])
  func `wrong usage ends with 64`(commands: [[String]]) async throws {
    for command in commands {
      #expect(try await errand(command).exit == .code(64), "\(command)")
    }
  }

  @Test func `an expression is explained in plain English`() async throws {
    let output = try await errand(["explain", "0 0 13 * 5"])
    #expect(output.text == "At 00:00 on the 13th, and also on every Friday, UTC.\n")
  }

  @Test func `an explanation for programs has the warnings, the next times, or the fault`() async throws {
    let output = try await errand(["explain", "*/90 7 * * *", "--tz", "Europe/Riga", "--json"])
    #expect(output.exit == .code(0) && output.errorText == "")
    let document = try JSON(parsing: output.text)
    #expect(document["expression"] == "*/90 7 * * *" && document["timezone"] == "Europe/Riga")
    #expect(document["dst"] == "once" && document["next"]?.arrayValue?.count == 5)
    #expect(document["explanation"]?.stringValue?.hasPrefix("At 07:00") == true)
    #expect(document["warnings"]?[0]?["class"] == "step_exceeds_range")
    #expect(document["warnings"]?[0]?["field"] == "minute" && document["warnings"]?[0]?["offset"] == 2)
    let wrong = try await errand(["explain", "61 * * * *", "--json"])
    #expect(wrong.exit == .code(65) && wrong.errorText == "")
    let error = try JSON(parsing: wrong.text)["error"]
    #expect(error?["class"] == "out_of_range" && error?["field"] == "minute" && error?["offset"] == 0)
    let zone = try await errand(["explain", "* * * * *", "--tz", "Nowhere/Atlantis", "--json"])
    #expect(try JSON(parsing: zone.text)["error"]?["field"] == "tz")
  }

  @Test func `lines of a crontab end where cron ends them, and bytes that are no text cost one line`() {
    // A vertical tab ends no line, and neither does a line separator.
    let text = "# Gr\u{e9}\u{2028}61 * * * * no\r\n0 7 * * * a\u{b}61\r\n61 * * * * b\n"
    let broken: [UInt8] = Array("0 7 * * * caf".utf8) + [0xE9, 0x0A] + Array("# caf".utf8) + [0xE9, 0x0A]
    let findings = Crontab(Array(text.utf8) + broken, hasUsers: false, now: 1_767_225_600).findings
    #expect(findings.map(\.line) == [3, 4])
    #expect(findings.last?.message == "The line is no UTF-8 text, as a job file must be.")
  }

  @Test(arguments: [
    ("30 2 * * *", nil), ("0 4 * * *", nil), ("*/10 2 * * *", nil), ("0 3 * * *", nil),
    ("0,30 2 * * *", "swallows several times"), ("0 2,3 * * *", "swallows several times"),
    ("30 0-23/2 * * *", nil),
  ])
  func `a clock change is told where something differs`(times: String, words: String?) {
    let table = "CRON_TZ=Europe/Berlin\n\(times) command\n"
    let findings = Crontab(Array(table.utf8), hasUsers: false, now: 1_767_225_600).findings.filter {
      $0.line == 2
    }
    #expect(findings.count == (words == nil ? 0 : 1), "\(findings)")
    if let words {
      #expect(findings.first?.message.contains(words) == true && findings.first?.kind == .different)
    }
  }

  @Test func `a crontab's lines that differ are told with their numbers`() async throws {
    let table = """
      # comment
      MAILTO=ops
      */90 * * * * one
      0 5-1 * * * two
      @reboot three
      0 7 * * 1-5 four
      no line
      @every 5m five
      TZ=Europe/Riga
      0 0 * * FRI-SUN six
      """
    let output = try await errand(["check", "-"], input: table)
    #expect(output.exit == .code(65))
    let lines = output.text.split(separator: "\n").map(String.init)
    #expect(
      lines.map { $0.prefix(14) }
        == [
          "-:3: odd: The ", "-:4: different", "-:5: refused: ", "-:7: refused: ", "-:8: different",
          "-:10: differen",
        ].map {
          $0.prefix(14)
        })
    #expect(lines[4] == "-:8: different: cron refuses @every; here it is read.")
    #expect(lines[5].hasPrefix("-:10: different: FRI-SUN in day-of-week: Debian's cron accepts it"))
    #expect(output.errorText == "5 lines would behave differently, of which 2 would be refused.\n")
    let same = try await errand(["check", "-"], input: "0 7 * * 1-5 command\n")
    #expect(same.exit == .code(0))
    #expect(same.text == "" && same.errorText == "Every line would behave the same here.\n")
  }
}
