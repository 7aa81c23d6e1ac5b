import JSON
import Primitives
import Testing

@testable import CLI

@Suite struct RunStoryTests {
  private let run: JSON = [
    "id": "run_1", "job": "daily-brief", "state": "succeeded", "reason": "The outcome was reached.",
    "firing_id": "drun_1", "session_id": "sesn_2", "attempt": 2, "max_attempts": 3, "ending": nil,
    "trigger": ["kind": "webhook", "id": "desk", "receipt_id": "rcpt_1"],
    "created_at": "2026-11-12T09:15:42Z", "started_at": "2026-11-12T09:15:42.012Z",
    "ended_at": "2026-11-12T09:17:30Z",
    "attempts": [
      ["number": 1, "session_id": "sesn_1", "reason": "The sandbox ended."],
      ["number": 2, "session_id": "sesn_2", "reason": "The outcome was reached."],
    ],
    "evaluations": [
      [
        "iteration": 0, "result": "needs_revision", "graded": false, "criteria": [],
        "checks": [["name": "headings", "passed": false, "exit_code": 1, "output": "no Next\n"]],
        "started_at": "2026-11-12T09:16:00Z", "ended_at": "2026-11-12T09:16:00.050Z",
      ],
      [
        "iteration": 1, "result": "satisfied", "graded": true,
        "checks": [["name": "headings", "passed": true, "exit_code": 0, "output": ""]],
        "criteria": [["criterion": "True", "met": true, "evidence": "It is in the log."]],
      ],
    ],
    "result": ["files": [["id": "file_1", "filename": "brief.md", "size_bytes": 3149]]],
    "deliveries": [
      [
        "kind": "directory", "state": "delivered", "attempts": 1, "target": ["path": "${env:BRIEFS_DIR}"],
        "receipt": ["path": "/srv/briefs/1"],
      ],
      [
        "kind": "webhook", "state": "dead", "attempts": 10, "target": ["url": "https://example.com"],
        "receipt": nil, "last_error": "The receiver answered 410.",
      ],
    ],
  ]

  @Test func `a run is told from its trigger to its deliveries`() {
    let story = RunStory(
      run: run, terminal: Terminal(width: nil, hasColours: false), now: Timestamp("2026-11-12T09:18:42Z")!)
    #expect(
      story.lines == [
        "run_1  daily-brief  succeeded after 1 min 48 s", "  The outcome was reached.", "",
        "fired     by its webhook desk, receipt rcpt_1, 3 min ago", "          firing drun_1",
        "queued    12 ms", "worked    1 min 48 s", "attempt   1 of 3  sesn_1  The sandbox ended.",
        "attempt   2 of 3  sesn_2  The outcome was reached.", "iteration 0  needs_revision  in 50 ms",
        "             ✗ check “headings” exit 1: no Next", "             the grader was not asked",
        "iteration 1  satisfied", "             ✓ check “headings”", "             ✓ True: It is in the log.",
        "files     brief.md  3.1 kB  file_1",
        "delivery  delivered to directory ${env:BRIEFS_DIR}: /srv/briefs/1",
        "          dead to webhook https://example.com: The receiver answered 410, 10 tries", "",
        "What the agent did: errand logs run_1",
      ])
  }

  @Test(arguments: [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3149, "3.1 kB"), (2_500_000, "2.5 MB")])
  func `sizes are told in tens`(bytes: Int64, words: String) {
    #expect(RunStory.size(bytes) == words)
  }
}
