import JSON
import Jobs
import Outbox
import PathSupport
import Primitives
import Queue
import Sessions
import Store
import TestSupport
import Testing

@testable import Runs

@Suite(.timeLimit(.minutes(5))) struct WhyTests {
  static let now = Timestamp("2026-11-12T09:00:00Z")!

  static func run(_ state: Run.State, _ change: (inout RunFacts) -> Void = { _ in }) -> RunFacts {
    var facts = RunFacts(id: "run_1", state: state, createdAt: now - .seconds(60))
    facts.place = RunFacts.Place(due: now)
    change(&facts)
    return facts
  }

  static let states: [(RunFacts, String)] = [
    (
      run(.queued) {
        $0.place?.limit = 2
        $0.place?.holders = ["run_8", "run_9"]
        $0.place?.ahead = 3
      }, "It is queued because 2 of 2 slots of its job are taken by run_8 and run_9; 3 wait before it."
    ),
    (
      run(.queued) {
        $0.place?.limit = 1
        $0.place?.holders = ["run_9"]
        $0.attempt = 2
        $0.attempts = 3
      },
      "It is queued for attempt 2 of 3 because 1 of 1 slots of its job are taken by run_9; it is the next."
    ),
    (
      run(.queued) { $0.hasWorkers = false },
      "It is queued because no worker is running: start `errand serve`, or look at one that was started with --role worker."
    ),
    (
      run(.queued) { $0.place?.errors = 2 },
      "It is queued because the last 2 tries to work on it failed; the next is at 2026-11-12T09:00:00Z, and the server's log says what went wrong."
    ),
    (run(.queued), "It is queued since 2026-11-12T08:59:00Z, and the next free worker takes it up."),
    (
      run(.queued) { $0.place = nil },
      "It is queued, but its session has no place in the queue, so nothing will begin it: cancel it and start it again."
    ),
    (run(.queued) { $0.place?.isLeased = true }, "A worker has just taken it up."),
    (
      run(.waiting) { $0.questions = [.init(event: "sevt_1", tool: "approve", since: now)] },
      "It waits for the answer to the call “approve” (sevt_1), since 2026-11-12T09:00:00Z: send it to its session and it goes on."
    ),
    (
      run(.waiting) {
        $0.place?.due = now + .seconds(60)
        $0.reason = "The model is overloaded."
      }, "It pauses until 2026-11-12T09:01:00Z: The model is overloaded."
    ),
    (run(.running) { $0.ending = .cancelled }, "It is ending as cancelled, and its agent has to stop first."),
    (run(.running) { $0.startedAt = now }, "It is running since 2026-11-12T09:00:00Z."),
    (
      run(.failed) {
        $0.endedAt = now
        $0.reason = "The model refused the task."
      }, "It ended as failed at 2026-11-12T09:00:00Z: The model refused the task."
    ),
  ]

  @Test(arguments: states)
  func `each state of a run has its cause`(facts: RunFacts, sentence: String) {
    #expect(facts.why(now: WhyTests.now).sentence == sentence)
  }

  @Test func `a queued run names the run that has its slot, a waiting one the answer it needs`() async throws
  {
    try await withField(overlap: "allow_all") { field in
      let first = try await field.run(of: field.byHand())
      let second = try await field.run(of: field.byHand())
      try await field.begin(first.id)
      func why(_ id: String) async throws -> String {
        try await field.path.database.write { [runs = field.path.runs] tx in
          try tx.run(
            "INSERT INTO workers (id, host, boot, started_at, beat_at) VALUES ('w', 'h', 'b', 0, 0) ON CONFLICT DO NOTHING"
          )
          return try runs.why(tx, run: id).sentence
        }
      }
      #expect(
        try await why(second.id)
          == "It is queued because 1 of 1 slots of its job are taken by \(first.id); it is the next.")
    }
  }

  @Test func `a held firing names the run that holds it, a decided one its reason`() async throws {
    try await withField(overlap: "buffer_all", ["expires": "2h"]) { field in
      let first = try await field.run(of: field.byHand())
      let second = try await field.byHand()
      let third = try await field.byHand()
      func why(_ firing: Firing) async throws -> Why {
        try await field.path.database.read { [runs = field.path.runs] tx in
          try runs.why(tx, firing: firing.id)
        }
      }
      #expect(
        try await why(third)
          == Why(
            subject: "firing", id: third.id, state: "held",
            sentence: "It is held (buffer_all) by \(first.id), which is queued, and 1 start before it; at "
              + "2026-11-12T11:00:00Z it is stale."))
      let skipped = try await field.byHand(overlap: .skip)
      #expect(
        try await why(skipped).sentence
          == "It started nothing; it was skipped: Run \(first.id) is queued, and “skip” starts nothing meanwhile."
      )
      try await field.settle(first.id)
      let next = try await field.run(of: second).id
      #expect(try await why(second).sentence == "It started \(next), which is queued.")
    }
  }

  @Test func `a job of which nothing runs says what it waits for`() async throws {
    try await withField { field in
      let job = try await field.path.job()
      let next = WhyTests.now + .seconds(3600)
      func why(_ schedules: [JobFacts.Schedule], _ sources: [JobFacts.Source]) async throws -> String {
        try await field.path.database.read { [runs = field.path.runs] tx in
          try runs.why(tx, job: JobFacts(job, schedules: schedules, sources: sources)).sentence
        }
      }
      let silent = JobFacts.Source(name: "desk", lastReceipt: nil, refusals: [], span: .seconds(86_400))
      #expect(
        try await why([.init(times: "“0 7 * * *”", nextAt: next)], [silent])
          == "Nothing of job has ever fired; its schedule “0 7 * * *” fires next at 2026-11-12T10:00:00Z; no webhook "
          + "has ever arrived at source desk.")
      let run = try await field.run(of: field.tick())
      #expect(
        try await why([], [])
          == "\(run.id) is queued; it has no trigger, so only `errand run` starts it.")
      try await field.settle(run.id)
      let refused = JobFacts.Source(
        name: "desk", lastReceipt: WhyTests.now, refusals: [("bad_signature", 12)], span: .seconds(86_400))
      #expect(
        try await why(
          [.init(times: "“0 7 * * *”", nextAt: nil, paused: "by ada since then, Holidays.")], [refused])
          == "Nothing of job runs; its last firing, at 2026-11-12T09:00:00Z, started \(run.id), which is succeeded; "
          + "its schedule “0 7 * * *” is paused by ada since then, Holidays; no webhook has arrived at source desk "
          + "since 2026-11-12T09:00:00Z (12 refused in the last 1d: bad_signature).")
    }
  }

  @Test func `a receipt says what each job made of it`() async throws {
    try await withField(repeats: ["key": "{{trigger.body.id}}"]) { field in
      let firing = try await field.hook("rcpt_1")
      _ = try await field.hook("rcpt_2")
      func why(_ id: String) async throws -> String {
        try await field.path.database.read { [runs = field.path.runs] tx in
          try runs.why(
            tx, receipt: ReceiptFacts(id: id, source: "desk", receivedAt: WhyTests.now, repeats: 1)
          ).sentence
        }
      }
      let run = try await field.run(of: firing).id
      let came = "It arrived at source desk at 2026-11-12T09:00:00Z (and once again, which started nothing)"
      #expect(try await why("rcpt_1") == "\(came): job started \(run).")
      #expect(
        try await why("rcpt_2")
          == "\(came): for job it was skipped (Run \(run) is queued, and “reject” starts nothing meanwhile).")
      #expect(try await why("rcpt_3") == "\(came), and no job had a trigger for that source.")
    }
  }

  @Test func `a delivery tells its last error and its next try`() async throws {
    try await withPath { path in
      let delivery = try await path.database.write { [outbox = path.outbox] tx in
        let id = try outbox.add(tx, run: "run_1", kind: "webhook", target: [:], payload: [:])
        return try outbox.delivery(tx, id)
      }
      var pending = delivery
      #expect(
        Why(pending, now: path.clock.now).sentence
          == "It has not been tried yet, and is sent as soon as a worker is free.")
      pending.attempts = 2
      pending.lastError = "The receiver answered 500."
      pending.nextAt = path.clock.now + .seconds(300)
      #expect(
        Why(pending, now: path.clock.now).sentence
          == "It was tried 2 times and has not arrived: The receiver answered 500; the next try is at "
          + "2026-11-12T09:05:00Z.")
      pending.state = .dead
      #expect(
        Why(pending, now: path.clock.now).sentence
          == "It was given up after being tried 2 times: The receiver answered 500; send it again with "
          + "`errand deliveries retry \(pending.id)`.")
    }
  }
}
