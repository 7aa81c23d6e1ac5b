import JSON
import Jobs
import PathSupport
import Primitives
import Queue
import Sessions
import Store
import TestSupport
import Testing

@testable import Runs

@Suite(.timeLimit(.minutes(5))) struct OverlapTests {
  @Test(arguments: [Run.State.queued, .running, .waiting])
  func `skip starts nothing while a run has not ended, and names it`(state: Run.State) async throws {
    try await withField { field in
      let first = try await field.run(of: field.tick())
      if state != .queued { try await field.begin(first.id) }
      if state == .waiting { try await field.settle(first.id, .waiting(["sevt_1"])) }
      field.path.clock.step(by: .seconds(86_400))
      let second = try await field.tick()
      #expect(second.decision == .skipped)
      #expect(second.reason == "Run \(first.id) is \(state.rawValue), and “skip” starts nothing meanwhile.")
      #expect(try await field.byHand().decision == .skipped)
      #expect(try await field.byHand(overlap: .allowAll).decision == .started)
    }
  }

  @Test func `a job with webhooks alone starts by hand as often as one likes, and webhooks don't count`()
    async throws
  {
    try await withPath { path in
      try await path.apply(JobDefinition(triggers: [["webhook": "desk"]]))
      #expect(try await path.start().firing.decision == .started)
      #expect(try await path.start().firing.decision == .started)
    }
    try await withField { field in
      let webhook = try await field.hook("rcpt_1")
      #expect(webhook.decision == .started)
      #expect(try await field.tick().decision == .started)
      #expect(try await field.hook("rcpt_2").decision == .started)
    }
  }

  @Test func `a start by hand that minds its overlap sees the runs that were started without`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition("job", triggers: [["webhook": "desk"]]))
      let field = Field(on: path)
      let first = try await field.run(of: field.byHand())
      #expect(first.line == Line.times)
      let second = try await field.byHand(overlap: .skip)
      #expect(second.decision == .skipped)
      #expect(second.reason?.contains(first.id) == true)
      let held = try await field.byHand(overlap: .bufferAll)
      #expect(held.decision == nil)
      let beside = try await field.run(of: field.byHand())
      try await field.settle(first.id)
      #expect(try await field.decision(held) == nil)
      try await field.settle(beside.id)
      #expect(try await field.decision(held) == .started)
    }
  }

  @Test func `buffer_one keeps one, which starts when the run ends`() async throws {
    try await withField(overlap: "buffer_one") { field in
      let first = try await field.run(of: field.tick())
      let second = try await field.byHand()
      #expect(second.decision == nil)
      #expect(second.reason == "It waits: run \(first.id) is queued.")
      #expect(try await field.path.item(.start, second.id)?.due == field.path.clock.now + .seconds(3600))
      let third = try await field.byHand()
      #expect(third.decision == .skipped)
      #expect(third.reason == "Firing \(second.id) waits already, and “buffer_one” keeps one.")
      field.path.clock.step(by: .seconds(90))
      try await field.settle(first.id)
      let started = try await field.firing(second.id)
      #expect(started.decision == .started)
      #expect(started.reason == "After 1m30s of waiting it started \(started.run ?? "").")
      #expect(try await field.path.item(.start, second.id) == nil)
      #expect(try await field.path.count("held") == 0)
    }
  }

  @Test(arguments: [
    Settlement.idle(.endTurn), .idle(.refusal(details: nil)), .idle(.budgetReached),
  ])
  func `buffer_all runs one after another in order, however they end`(settlement: Settlement) async throws {
    try await withField(overlap: "buffer_all") { field in
      var firings: [Firing] = []
      for _ in 0..<5 { firings.append(try await field.byHand()) }
      for (place, firing) in firings.enumerated() {
        let open = try await field.open()
        #expect(open.map(\.firing) == [firing.id])
        for later in firings.dropFirst(place + 1) { #expect(try await field.decision(later) == nil) }
        try await field.settle(open[0].id, settlement)
      }
      #expect(try await field.open().isEmpty)
    }
  }

  @Test func `a run between two attempts has not ended`() async throws {
    try await withField(overlap: "buffer_all") { field in
      let first = try await field.run(of: field.tick())
      let second = try await field.byHand()
      try await field.settle(first.id, .terminated("It broke."))
      #expect(try await field.decision(second) == nil)
      try await field.settle(first.id, .terminated("It broke."))
      try await field.settle(first.id, .terminated("It broke."))
      #expect(try await field.path.run(first.id).state == .failed)
      #expect(try await field.decision(second) == .started)
    }
  }

  @Test func `cancel_other waits until the runs have stopped, and a newer one takes its place`() async throws
  {
    try await withField(overlap: "cancel_other") { field in
      let first = try await field.run(of: field.tick())
      try await field.begin(first.id)
      let second = try await field.byHand()
      #expect(second.decision == nil)
      #expect(second.reason == "It waits until \(first.id) has stopped.")
      #expect(try await field.path.run(first.id).ending == .cancelled)
      let third = try await field.byHand()
      #expect(try await field.decision(second) == .superseded)
      #expect(try await field.firing(second.id).reason == "Firing \(third.id) came and takes its place.")
      #expect(third.decision == nil)
      try await field.settle(first.id, .interrupted)
      #expect(try await field.path.run(first.id).state == .cancelled)
      #expect(try await field.decision(third) == .started)
    }
  }

  @Test func `cancel_other ends a queued run at once and starts`() async throws {
    try await withField(overlap: "cancel_other") { field in
      let first = try await field.run(of: field.tick())
      let second = try await field.byHand()
      #expect(second.decision == .started)
      let ended = try await field.path.run(first.id)
      #expect(ended.state == .cancelled)
      #expect(ended.reason == "A newer start of its job takes its place: firing \(second.id).")
    }
  }

  @Test(arguments: [false, true])
  func `terminate_other ends a run here and now and starts beside its session`(isDriven: Bool) async throws {
    try await withField(overlap: "terminate_other") { field in
      let first = try await field.run(of: field.tick())
      if isDriven { try await field.begin(first.id) }
      let second = try await field.byHand()
      #expect(second.decision == .started)
      let ended = try await field.path.run(first.id)
      #expect(ended.state == .cancelled)
      #expect(ended.result?["state"] == "cancelled")
      #expect(try await field.path.item(.timer, "\(first.id):deadline") == nil)
      #expect(try await field.path.item(.timer, "\(first.id):timeout") == nil)
      // Whoever drives the session still stops it, which changes nothing of the run.
      if isDriven {
        #expect(try await field.inputs(first.id).last == "user.interrupt")
        try await field.settle(first.id, .idle(.endTurn))
      }
      #expect(try await field.path.run(first.id).state == .cancelled)
      #expect(try await field.open().map(\.firing) == [second.id])
    }
  }

  @Test func `allow_all lets runs be side by side, and what waits waits for all of them`() async throws {
    try await withField(overlap: "allow_all") { field in
      let first = try await field.run(of: field.tick())
      let second = try await field.run(of: field.byHand())
      let third = try await field.byHand(overlap: .bufferOne)
      #expect(third.decision == nil)
      try await field.settle(first.id)
      #expect(try await field.decision(third) == nil)
      try await field.settle(second.id)
      #expect(try await field.decision(third) == .started)
    }
  }

  @Test func `what was told to wait its turn keeps it when others are replaced`() async throws {
    try await withField(overlap: "skip") { field in
      let first = try await field.run(of: field.tick())
      try await field.begin(first.id)
      let buffered = try await field.byHand(overlap: .bufferAll)
      let urgent = try await field.byHand(overlap: .cancelOther)
      try await field.settle(first.id, .interrupted)
      #expect(try await field.decision(urgent) == .started)
      #expect(try await field.decision(buffered) == nil)
      try await field.settle(field.run(of: urgent).id)
      #expect(try await field.decision(buffered) == .started)
    }
  }

  @Test func `a thousand wait, and the next is skipped`() async throws {
    try await withField(overlap: "buffer_all") { field in
      let (runs, jobs) = (field.path.runs, field.path.jobs)
      let last = try await field.path.database.write { tx in
        let job = try jobs.job(tx, named: "job")
        for _ in 0...1000 {
          _ = try runs.start(tx, job, Occurrence(cause: .request(key: nil), trigger: "manual"))
        }
        return try runs.start(tx, job, Occurrence(cause: .request(key: nil), trigger: "manual")).firing
      }
      #expect(last.decision == .skipped)
      #expect(last.reason == "1000 firings wait for their turn here, which is the most.")
      #expect(try await field.path.count("held") == 1000)
    }
  }

  @Test func `where a thousand wait, one on time has the place of the last that is made up for`() async throws
  {
    try await withField(overlap: "buffer_all") { field in
      let (runs, jobs) = (field.path.runs, field.path.jobs)
      @Sendable func time(_ hours: Int, isMadeUp: Bool = false) -> Occurrence {
        Occurrence(
          cause: .time(Timestamp("2026-11-01T00:00:00Z")! + .seconds(3600 * hours)), trigger: "daily",
          isMadeUp: isMadeUp)
      }
      let onTime = try await field.path.database.write { tx in
        let job = try jobs.job(tx, named: "job")
        for hour in 0...1000 { _ = try runs.start(tx, job, time(hour, isMadeUp: true)) }
        let late = try runs.start(tx, job, time(1001, isMadeUp: true)).firing
        #expect(late.reason == "1000 firings wait for their turn here, which is the most.")
        return try runs.start(tx, job, time(1002)).firing
      }
      #expect(onTime.decision == nil)
      #expect(try await field.path.count("held") == 1000)
      #expect(try await field.path.count("held WHERE firing_id = '\(onTime.id)'") == 1)
      let gone = try await field.path.database.read { tx in
        try runs.firings(tx, limit: 2000).first { $0.reason?.contains(onTime.id) == true }
      }
      #expect(gone?.decision == .skipped)
      #expect(gone?.nominalAt == Timestamp("2026-11-01T00:00:00Z")! + .seconds(3600 * 1000))
      #expect(
        gone?.reason
          == "It made up for a time that had passed, and gave its place to firing \(onTime.id), which is on time: 1000 firings of the job waited, which is the most."
      )
    }
  }

  @Test func `archiving a job decides everything that waits`() async throws {
    try await withField(overlap: "buffer_all") { field in
      let first = try await field.run(of: field.tick())
      let waiting = [try await field.byHand(), try await field.byHand()]
      try await field.path.apply(prune: true)
      for firing in waiting {
        let decided = try await field.firing(firing.id)
        #expect(decided.decision == .skipped)
        #expect(decided.reason == "Job job was archived while it waited.")
        #expect(try await field.path.item(.start, firing.id) == nil)
      }
      try await field.settle(first.id)
      #expect(try await field.open().isEmpty)
    }
  }

  @Test func `a waiting firing that cannot start makes way for the next`() async throws {
    try await withField(overlap: "buffer_all") { field in
      let first = try await field.run(of: field.tick())
      let second = try await field.hook("rcpt_1")
      let third = try await field.byHand()
      // The prompt asks now for what nothing has.
      try await field.path.apply(
        JobDefinition(
          message: "{{trigger.body.none}}", triggers: [["schedule": "0 7 * * *", "name": "daily"]],
          and: ["overlap": "buffer_all"]))
      let fourth = try await field.byHand()
      try await field.settle(first.id)
      #expect(second.decision == .started)
      #expect(try await field.decision(third) == .failedToStart)
      #expect(try await field.decision(fourth) == .failedToStart)
      #expect(try await field.path.count("held") == 0)
    }
  }

  @Test func `a waiting firing can be called off, a decided one cannot`() async throws {
    try await withField(overlap: "buffer_all") { field in
      let first = try await field.run(of: field.tick())
      let second = try await field.byHand()
      let runs = field.path.runs
      let called = try await field.path.database.write { tx in
        try runs.callOff(tx, second.id, reason: "Not needed.")
      }
      #expect(called.decision == .skipped)
      #expect(called.reason == "Not needed.")
      await #expect(throws: RunsError.decided(id: second.id, decision: "skipped")) {
        try await field.path.database.write { tx in try runs.callOff(tx, second.id, reason: "Again.") }
      }
      try await field.settle(first.id)
      #expect(try await field.open().isEmpty)
    }
  }

  @Test func `many starts at once leave one run, and each a decision`() async throws {
    try await withField { field in
      let firings = try await withThrowingTaskGroup(of: Firing.self) { group in
        for _ in 0..<40 { group.addTask { try await field.byHand() } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(firings.count { $0.decision == .started } == 1)
      #expect(firings.count { $0.decision == .skipped } == 39)
      #expect(try await field.open().count == 1)
    }
  }
}
