import IntegrationsSupport
import JSON
import Jobs
import PathSupport
import Primitives
import Runs
import Store
import TestSupport
import Testing

@testable import Hooks

/// Credentials in what senders send reach neither prompts nor anything that is shown.
@Suite(.timeLimit(.minutes(5))) struct CredentialTests {
  private static let source: JSON = ["name": "slack", "kind": "slack", "secret": "${env:SLACK}"]
  private static let canaries = ["tok-c4nary", "T0C4NARY", "xwfp-c4nary", "trig.c4nary", "int-c4nary"]

  private static let bodies: [(String, HookRequest)] = [
    (
      "a command",
      SlackRequest.make(
        Array(
          "token=tok-c4nary&team_id=T1&user_id=U1&command=%2Ferrand&text=go&trigger_id=trig.c4nary&response_url=https%3A%2F%2Fhooks.slack.com%2FT0C4NARY"
            .utf8), form: true)
    ),
    (
      "an event",
      SlackRequest.make(
        JSON.object([
          "token": "tok-c4nary", "team_id": "T1", "type": "event_callback", "event_id": "Ev1",
          "event": [
            "type": "function_executed", "user": "U1", "bot_access_token": "xwfp-c4nary",
            "interactivity": ["interactor": ["secret": "int-c4nary", "id": "U1"]],
          ],
        ]).bytes)
    ),
    (
      "a dialog",
      SlackRequest.make(
        Array(
          ("payload="
            + (JSON.object([
              "type": "view_submission", "token": "tok-c4nary", "trigger_id": "trig.c4nary",
              "team": ["id": "T1"], "user": ["id": "U1", "team_id": "T1"], "bot_access_token": "xwfp-c4nary",
              "response_urls": [
                ["block_id": "b", "response_url": "https://hooks.slack.com/T0C4NARY"],
                ["block_id": "c", "response_url": "https://hooks.slack.com/T0C4NARY"],
              ],
            ]).text.utf8.map { byte in "%" + Hex.encode([byte]) }.joined())).utf8), form: true)
    ),
  ]

  private static func trying(_ body: (Path) async throws -> Void) async throws {
    try await withPath(
      at: Sample.time.description, environment: ["SLACK": Sample.slackSecret, "DESK_SECRET": Path.secret],
      body)
  }

  @Test(arguments: bodies.indices)
  func `a prompt, a key and a reason never have one`(index: Int) async throws {
    try await Self.trying { path in
      let trigger: JSON = ["webhook": "slack", "lanes": ["owner", "member", "outside", "bot"]]
      try await path.apply(
        JobDefinition(
          message:
            "{{trigger}} {{trigger.body}} {{trigger.body.token}} {{#trigger.body}}{{token}}{{/trigger.body}}",
          triggers: [trigger]),
        JobDefinition(
          "picky",
          triggers: [["webhook": "slack", "match": ["body": ["token": ["x"], "trigger_id": ["y"]]]]]),
        sources: [Self.source])
      let answer = try await path.take("slack", Self.bodies[index].1)
      let fired = try #require(answer.of("job"))
      let run = try await path.run(try #require(fired.run, "\(fired.reason ?? "")"))
      #expect(run.snapshot.message.contains("\"token\": \"(hidden)\""))
      let told = [run.snapshot.message, run.json.text, answer.json.text, "\(answer.firings)"]
      for canary in Self.canaries { #expect(!told.contains { $0.contains(canary) }) }
    }
  }

  @Test func `a key made of one starts nothing, and says so`() async throws {
    try await Self.trying { path in
      try await path.apply(
        JobDefinition(triggers: [["webhook": "slack", "key": "{{trigger.body.trigger_id}}"]]),
        sources: [Self.source])
      let answer = try await path.take("slack", Self.bodies[0].1)
      let fired = try #require(answer.of("job"))
      #expect(fired.decision == "failed_to_start")
      #expect(
        fired.reason
          == "No key: the trigger's key is made of something that is a credential and hidden. Build it from "
          + "something else.")
    }
  }

  @Test(
    arguments: [
      (0, nil), (2, "{{trigger.body.response_urls.0.response_url}}"),
      (0, "{{trigger.body.response_url}}"),
    ] as [(Int, String?)])
  func `a slack callback still gets the response_url, also after its start had to wait`(
    index: Int, template: String?
  ) async throws {
    try await Self.trying { path in
      var slack: JSON.Object = ["text": "{{trigger.body}}"]
      if let template { slack["response_url"] = .string(template) }
      try await path.apply(
        JobDefinition(
          triggers: [["webhook": "slack", "key": "same", "repeat": "enqueue"]],
          and: ["callbacks": [["slack": .object(slack)]]]), sources: [Self.source])
      // Takes the line first.
      let earlier = try await path.take(
        "slack",
        SlackRequest.event(
          ["type": "app_mention", "channel": "C", "ts": "1.1", "user": "U1", "response_url": "https://x"],
          id: "Ev9"))
      if template != nil, earlier.of("job")?.run == nil {
        // Its own template leads nowhere there.
        #expect(earlier.of("job")?.decision == "failed_to_start")
      }
      let answer = try await path.take("slack", Self.bodies[index].1)
      let fired = try #require(answer.of("job"))
      #expect(fired.decision == (earlier.of("job")?.run == nil ? "started" : "held"))
      if let first = earlier.of("job")?.run {
        _ = try await path.cancel(first)
        try await path.work()
      }
      let firing = try await path.database.read { [runs = path.runs] tx in try runs.firing(tx, fired.firing) }
      let run = try await path.run(try #require(firing.run))
      let destination = try #require(run.snapshot.destinations.first)
      let settings = try path.secrets.resolve(destination.settings)
      #expect(settings["response_url"] == "https://hooks.slack.com/T0C4NARY")
      #expect(settings["text"]?.stringValue?.contains("C4NARY") == false)
      #expect(settings["text"]?.stringValue?.contains("c4nary") == false)
    }
  }

  @Test(
    arguments: [
      ("token", ["token": "s", "a": 1], ["token": "(hidden)", "a": 1]), ("token", ["token": nil], nil),
      ("token", ["a": ["token": "s"]], nil), ("a.b", ["a": ["b": ["s"]]], ["a": ["b": "(hidden)"]]),
      (
        "l.*.u", ["l": [["u": "s"], 1, ["u": "t", "v": 2]]],
        ["l": [["u": "(hidden)"], 1, ["u": "(hidden)", "v": 2]]]
      ),
      ("l.*.u", ["l": ["u": "s"]], nil), ("token", "token", nil),
    ] as [(String, JSON, JSON?)])
  func `a credential is hidden at its place and nowhere else`(path: String, body: JSON, hidden: JSON?) {
    #expect(CredentialField(path).hiding(in: body) == hidden)
  }
}
