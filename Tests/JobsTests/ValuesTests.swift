import JSON
import Primitives
import Reading
import Testing

@testable import Jobs

@Suite("Durations, triggers, rehearsals")
struct ValuesTests {
  @Test(arguments: [
    ("90s", 90.0, "1m30s"), ("30m", 1800, "30m"), ("2h", 7200, "2h"), ("1d", 86_400, "1d"),
    ("1h30m", 5400, "1h30m"),
    ("500ms", 0.5, "500ms"), ("0s", 0, "0s"),
  ])
  func `a duration is read and written`(text: String, seconds: Double, written: String) throws {
    let duration = try #require(DurationText.parse(text))
    #expect(duration == .seconds(seconds))
    #expect(DurationText.text(duration) == written)
  }

  @Test(arguments: ["", "30", "m", "1m1h", "1h1h", "1.5h", "-1h", "1 h", "1w", "400d", "9999999999s", "١s"])
  func `what is no duration gives none`(text: String) {
    #expect(DurationText.parse(text) == nil)
  }

  @Test func `a trigger's id is what it does, wherever it stands`() {
    let london = Trigger(.schedule(ScheduleSpec(.cron("0 7 * * *"), timezone: "Europe/London")))
    #expect(london.id == Trigger(.schedule(ScheduleSpec(.cron("0 7 * * *"), timezone: "Europe/London"))).id)
    #expect(london.id.wholeMatch(of: /schedule-[0-9a-f]{8}/) != nil)
    #expect(london.id != Trigger(.schedule(ScheduleSpec(.cron("0 7 * * *"), timezone: "UTC"))).id)
    // Stored in ledgers: it must never change.
    #expect(Trigger(.webhook(source: "desk")).id == "webhook-a5eaf767")
    #expect(Trigger(.webhook(source: "desk"), name: "asked").id == "asked")
    #expect(Trigger(json: london.json) == london)
  }

  @Test func `a rehearsal's delays become seconds`() {
    let findings = Findings()
    let rehearsal: JSON = [
      "turns": [
        ["text": "a", "delay": "500ms"],
        ["tools": [["name": "bash", "input": ["command": "ls"]]], "delay": 2],
      ],
      "evaluations": [["result": "satisfied", "explanation": "e", "delay": "1s"]],
    ]
    let played = Rehearsal.check(rehearsal, at: .root, findings)
    #expect(findings.problems.isEmpty)
    #expect(played?["turns"]?[0] == ["text": "a", "delay": 0.5])
    #expect(played?["turns"]?[1]?["delay"] == 2)
    #expect(played?["evaluations"]?[0]?["delay"] == 1)
    #expect(played.flatMap { Rehearsal.check($0, at: .root, findings) } == played)
  }

  @Test(
    arguments: [
      (["turns": [[:]]], #"turns[0]: A turn needs "text" or "tools"."#),
      (
        ["turns": [["text": "a", "delay": "2h"]]],
        #"turns[0].delay: Expected a duration from 0s to 1m, found "2h"."#
      ),
      (["turns": [["text": "a", "delay": 90]]], "turns[0].delay: Expected at most 1m, found 90.0 seconds."),
      (
        ["turns": [["text": "a"]], "evaluations": [["result": "good", "explanation": "e"]]],
        #"evaluations[0].result: Expected "satisfied", "needs_revision" or "failed", found "good"."#
      ),
      (
        [
          "turns": [["text": "a"]],
          "evaluations": [["result": "failed", "explanation": "e", "criteria": [["met": 1]]]],
        ],
        #"evaluations[0].criteria[0]: "criterion" is missing from a criterion. Add it."#
      ),
      ([:], #""turns" is missing from a rehearsal. Add it."#),
    ] as [(JSON, String)])
  func `a wrong rehearsal is refused`(rehearsal: JSON, sentence: String) {
    let findings = Findings()
    #expect(Rehearsal.check(rehearsal, at: .root, findings) == nil)
    #expect(findings.problems.first?.description == sentence)
  }
}
