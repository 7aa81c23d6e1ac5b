import JSON
import Primitives
import Queue
import Store
import TestSupport
import Testing

@testable import Brain
@testable import Sessions

@Suite struct `Trouble with the model` {
  @Test func `is met by a short wait and another try`() async throws {
    let model = ScriptedModel(
      .failure(.failed(message: "its stream ended before the reply did")), .text("Hello."))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    try await rig.drive(id)
    rig.clock.advance(by: .seconds(1))
    try await rig.drive(id)
    #expect(
      try await rig.story(id) == TurnStory.opening + [
        "span.model_request_start", "span.model_request_end error",
        "session.error model_request_failed_error retrying",
        "session.thread_status_rescheduled", "session.status_rescheduled",
        "session.thread_status_running", "session.status_running", "span.model_request_start",
        "agent.message Hello.", "span.model_request_end",
      ] + TurnStory.closing)
    #expect(model.asked[0] == model.asked[1])
    #expect(
      rig.lines.withLock { $0 } == [
        "The model does not answer session \(id), which asks again in 1s (try 2 of 8): The model's server did not answer properly: its stream ended before the reply did"
      ])
  }

  @Test func `is told at its first time, and then once a minute for each session`() {
    let telling = RefusalTelling()
    let start = Timestamp("2026-11-12T07:00:00Z")!
    let told = [0, 1, 59, 60, 90, 121].map { telling.isTold("a", at: start + .seconds($0)) }
    #expect(told == [true, false, false, true, false, true])
    #expect(telling.isTold("b", at: start + .seconds(121)))
    // A clock that was set back silences nobody.
    #expect(telling.isTold("a", at: start))
  }

  @Test func `that asks for a long wait gives the session back until then`() async throws {
    let model = ScriptedModel(
      .failure(.rateLimited(retryAfter: .seconds(60), message: "slow down")), .text("Hello."))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(
      try await rig.story(id).suffix(3) == [
        "session.error model_rate_limited_error retrying", "session.thread_status_rescheduled",
        "session.status_rescheduled",
      ])
    let due = try #require(try await rig.item(id)?.due)
    #expect(due >= rig.clock.now + .seconds(60))
    #expect(due <= rig.clock.now + .seconds(66))
    rig.clock.advance(by: .seconds(67))
    try await rig.drive(id)
    #expect(
      try await rig.story(id).suffix(8)
        == ([
          "session.thread_status_running", "session.status_running", "span.model_request_start",
          "agent.message Hello.", "span.model_request_end",
        ] + TurnStory.closing)[...])
  }

  @Test func `is waited out, whatever is sent meanwhile`() async throws {
    let model = ScriptedModel(
      .failure(.rateLimited(retryAfter: .seconds(60), message: "slow down")), .text("Hello."), .text("Again.")
    )
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    try await rig.drive(id)
    let due = try #require(try await rig.item(id)?.due)
    rig.clock.advance(by: .seconds(1))
    try await rig.send(id, .message("Are you there?"))
    #expect(try await rig.item(id)?.due == due)
    rig.clock.advance(by: .seconds(67))
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id).suffix(4) == [
        "agent.message Hello.", "user.message Are you there?", "agent.message Again.",
        "session.status_idle end_turn",
      ])
  }

  @Test(arguments: [false, true])
  func `leaves a session that can be archived and deleted while it waits`(isDeleted: Bool) async throws {
    let rig = try await Rig(
      model: ScriptedModel(.failure(.overloaded(retryAfter: .seconds(30), message: "busy"))))
    let id = try await rig.session()
    try await rig.drive(id)
    try await rig.database.write { [sessions = rig.sessions] tx in
      if isDeleted {
        try sessions.delete(tx, id)
      } else {
        #expect(try sessions.archive(tx, id).status == .terminated)
      }
    }
    #expect(try await rig.item(id) == nil)
    let last = try await rig.story(id).last
    #expect(last == (isDeleted ? nil : "session.status_terminated"))
  }

  @Test func `ends after eight tries, some of them in other drives`() async throws {
    let model = ScriptedModel(
      Array(repeating: .failure(.overloaded(retryAfter: .seconds(30), message: "busy")), count: 8))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    for _ in 0..<7 {
      try await rig.drive(id)
      #expect(try await rig.row(id).status == .rescheduling)
      rig.clock.advance(by: .seconds(40))
    }
    try await rig.send(id, .message("Still there?"))
    try await rig.drive(id)
    #expect(try await rig.story(id).last == "session.status_idle retries_exhausted")
    #expect(
      try await rig.story(id).filter { $0 == "session.error model_overloaded_error retrying" }.count == 7)
    #expect(
      try await rig.story(id).filter { $0 == "session.error model_overloaded_error exhausted" }.count == 1)
    #expect(try await rig.item(id) == nil)
  }

  @Test func `starts counting anew in the next turn`() async throws {
    var limits = EmbeddedDriver.Limits()
    limits.tries = 1
    let model = ScriptedModel(.failure(.failed(message: "x")), .text("Hello."))
    let rig = try await Rig(model: model, limits: limits)
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(try await rig.story(id).last == "session.status_idle retries_exhausted")
    try await rig.send(id, .message("Again."))
    try await rig.drive(id)
    #expect(try await rig.story(id).last == "session.status_idle end_turn")
  }

  @Test func `that no try can cure ends the turn at once`() async throws {
    let rig = try await Rig(
      model: ScriptedModel(.failure(.refused(status: 401, message: "invalid x-api-key"))))
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(try await rig.story(id).last == "session.status_idle retries_exhausted")
    let error = try await rig.log(id).first { $0.type == .error }
    #expect(
      error?.body["error"]?["message"]
        == "The model's server refused the request with status 401: invalid x-api-key")
  }

  @Test func `nobody to ask ends the session with the sentence`() async throws {
    let rig = try await Rig(model: RefusedModel(error: .unavailable(message: "Set the key.")))
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(
      try await rig.story(id).suffix(3) == [
        "session.error model_request_failed_error terminal", "session.thread_status_terminated",
        "session.status_terminated",
      ])
    let error = try await rig.log(id).first { $0.type == .error }
    #expect(error?.body["error"]?["message"] == "Set the key.")
  }

  @Test
  func `before the model said anything is told when its sender may be listening, and not asked about again`()
    async throws
  {
    var limits = EmbeddedDriver.Limits()
    limits.reserve = .milliseconds(1500)
    let model = ScriptedModel(.failure(.refused(status: 401, message: "no")))
    let rig = try await Rig(model: model, limits: limits)
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(try await rig.story(id).last == "span.model_request_end error")
    #expect(try await rig.row(id).status == .running)
    #expect(try await rig.item(id)?.due == rig.clock.now + .milliseconds(1500))
    // Woken too early, by a message for instance, it waits on.
    rig.clock.advance(by: .milliseconds(500))
    try await rig.send(id, .message("And?"))
    try await rig.drive(id)
    #expect(try await rig.item(id)?.due == rig.clock.now + .milliseconds(1000))
    // Another process may be the one to tell.
    rig.clock.advance(by: .milliseconds(1000))
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id).suffix(3).filter { !$0.hasPrefix("user.") } == [
        "session.error model_request_failed_error exhausted", "session.status_idle retries_exhausted",
      ])
    #expect(model.asked.count == 1)
    #expect(try await rig.item(id) == nil)
  }

  @Test func `that is not told yet gives way to an interrupt`() async throws {
    var limits = EmbeddedDriver.Limits()
    limits.reserve = .milliseconds(1500)
    let rig = try await Rig(
      model: ScriptedModel(.failure(.refused(status: 401, message: "no")), .text("Hello.")), limits: limits)
    let id = try await rig.session()
    try await rig.drive(id)
    try await rig.send(id, NewEvent(.userInterrupt))
    try await rig.drive(id)
    #expect(try await rig.story(id).last == "session.status_idle end_turn")
    #expect(try await !rig.story(id).contains { $0.hasPrefix("session.error") })
    try await rig.send(id, .message("Again."))
    try await rig.drive(id)
    #expect(try await rig.deeds(id).contains("agent.message Hello."))
  }

  @Test func `that nobody can be asked is held back, too`() async throws {
    var limits = EmbeddedDriver.Limits()
    limits.reserve = .milliseconds(1500)
    let rig = try await Rig(model: RefusedModel(error: .unavailable(message: "Set the key.")), limits: limits)
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(try await rig.row(id).status == .running)
    rig.clock.advance(by: .milliseconds(1500))
    try await rig.drive(id)
    #expect(try await rig.story(id).last == "session.status_terminated")
  }

  @Test func `of the grader is met without running the checks again, or in another drive with them`()
    async throws
  {
    let model = ScriptedModel(
      .text("Done."), .failure(.failed(message: "cut")),
      .failure(.overloaded(retryAfter: .seconds(60), message: "busy")), .verdict("satisfied"))
    let rig = try await Rig(model: model)
    let id = try await rig.session(checks: [Check(name: "c", run: "c")], inputs: [.outcome()])
    let drive = Task { try await rig.drive(id) }
    // The evaluation's heartbeat sleeps, too.
    await rig.clock.sleepers(2)
    rig.clock.advance(by: .seconds(1))
    try await drive.value
    #expect(rig.hands.calls == ["check c"])
    #expect(try await rig.row(id).status == .rescheduling)
    rig.clock.advance(by: .seconds(70))
    try await rig.drive(id)
    #expect(rig.hands.calls == ["check c", "check c"])
    #expect(
      try await rig.deeds(id) == [
        "user.define_outcome", "agent.message Done.", "span.outcome_evaluation_start 0",
        "session.error model_request_failed_error retrying", "session.error model_overloaded_error retrying",
        "span.outcome_evaluation_end 0 satisfied", "session.status_idle end_turn",
      ])
  }

  @Test(arguments: [
    (1, 0.0, 1.0), (1, 1.0, 0.5), (2, 0.0, 2.0), (3, 0.5, 3.0), (7, 0.0, 60.0), (8, 0.0, 60.0),
    (60, 1.0, 30.0),
  ])
  func `waits twice as long each time, less up to a half by chance`(
    failures: Int, chance: Double, seconds: Double
  ) {
    #expect(Backoff.wait(afterFailures: failures, asked: nil, chance: chance).inSeconds == seconds)
  }

  @Test(arguments: [(0.0, 0.0, 0.0), (10.0, 0.0, 10.0), (10.0, 1.0, 11.0), (1e6, 0.0, 86_400.0)])
  func `waits as long as it is told`(asked: Double, chance: Double, seconds: Double) {
    #expect(
      Backoff.wait(afterFailures: 5, asked: .seconds(asked), chance: chance).inSeconds == seconds)
  }
}
