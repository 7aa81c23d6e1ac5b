import IntegrationsSupport
import JSON
import Jobs
import Testing

@testable import Hooks
@testable import Integrations

@Suite struct SlackSourceTests {
  private static func source(_ settings: JSON.Object = [:]) throws -> SlackSource {
    try SlackSource(
      settings: .object(
        JSON.Object(uniqueKeysWithValues: [("secret", .string(Sample.slackSecret))]).merging(settings)))
  }

  private static func read(_ request: HookRequest, _ settings: JSON.Object = [:]) throws -> Reading {
    guard case .occurrence(let reading) = try source(settings).read(request) else {
      throw HookRefusal.unreadable(problem: "It was a handshake.")
    }
    return reading
  }

  @Test(arguments: [
    ("slack-slash-command.txt", "slash_command", "triage example-corp/billing-api#4521 --budget 2€"),
    ("slack-app-mention.json", "app_mention", "why did the invoice tests fail?"),
    ("slack-message-shortcut.txt", "message_action", "Checkout is timing out for EU customers again"),
    ("slack-block-action.txt", "block_actions", "Run 01J8 wants to open a pull request"),
  ])
  func `a sample is verified and read`(name: String, type: String, text: String) throws {
    let request = try Sample.request(name)
    #expect(throws: Never.self) { try Self.source().verify(request, now: Sample.time) }
    let reading = try Self.read(request)
    #expect(reading.type == type)
    #expect(reading.text == text)
    #expect(reading.actor == Actor(name: "U0EXAMPLE1", lane: .member))
    #expect(reading.headers["x-slack-signature"] == nil)
  }

  @Test func `a command's fields are its body`() throws {
    let reading = try Self.read(Sample.request("slack-slash-command.txt"))
    #expect(reading.body["command"] == "/errand")
    #expect(reading.body["channel_id"] == "C0EXAMPLE1")
    #expect(
      reading.dedupeKey == "trigger/7900000000002.1111111111.0123456789abcdef0123456789abcdef")
  }

  @Test func `handshakes are answered`() throws {
    let verification = try Self.source().read(Sample.request("slack-url-verification.json"))
    #expect(
      verification == .handshake(.json(["challenge": "3eXampLe0ChaLLenGe7Zx5Qw9Lk2Pn8Rt6Vb4Mc1Hd"])))
    let check = try Self.source().read(SlackRequest.make(Array("ssl_check=1&token=x".utf8), form: true))
    #expect(check == .handshake(HookReply(status: 200)))
  }

  @Test func `one message in two events has one subject`() throws {
    let mention = try Self.read(
      SlackRequest.event(["type": "app_mention", "channel": "C1", "ts": "1.2", "user": "U1"], id: "Ev1"))
    let message = try Self.read(
      SlackRequest.event(["type": "message", "channel": "C1", "ts": "1.2", "user": "U1"], id: "Ev2"))
    #expect(mention.dedupeKey == "event/Ev1")
    #expect(message.dedupeKey == "event/Ev2")
    #expect(mention.subject == "message/C1/1.2")
    #expect(mention.subject == message.subject)
  }

  @Test func `a repetition keeps its key and says why it came`() throws {
    let body = try Sample.bytes("slack-app-mention.json")
    let first = try Self.read(SlackRequest.make(body))
    let again = try Self.read(SlackRequest.make(body, retry: 2))
    #expect(first.dedupeKey == again.dedupeKey)
    #expect(again.headers["x-slack-retry-num"] == "2")
    #expect(again.headers["x-slack-retry-reason"] == "http_timeout")
  }

  @Test(
    arguments: [
      (["user": "U1"], [:], Lane.member),
      (["user": "U1"], ["owners": ["U1"]], .owner),
      (["user": "U1"], ["members": ["U2"]], .outside),
      (["user": "U2"], ["members": ["U2"]], .member),
      (["user": "U1"], ["workspaces": ["T9"]], .outside),
      (["user": "U1"], ["workspaces": ["T1"]], .member),
      // A guest from another workspace in a shared channel.
      (["user": "U1", "user_team": "T2"], [:], .outside),
      (["user": "U1", "user_team": "T2"], ["workspaces": ["T1", "T2"]], .member),
      (["user": "U0ERRANDBT"], ["owners": ["U0ERRANDBT"]], .bot),
      (["user": "U1", "bot_id": "B1"], ["owners": ["U1"]], .bot),
      (["subtype": "bot_message"], [:], .bot),
      (["subtype": "message_changed", "message": ["user": "U1", "bot_id": "B1"]], [:], .bot),
      ([:], [:], .outside),
    ] as [(JSON.Object, JSON.Object, Lane)])
  func `who wrote is trusted by the lists`(event: JSON.Object, settings: JSON.Object, lane: Lane) throws {
    let event = event.merging(["type": "message", "channel": "C1", "ts": "1.2", "text": "Hi"])
    #expect(try Self.read(SlackRequest.event(.object(event)), settings).actor.lane == lane)
  }

  @Test(arguments: [
    "", "x", "command=%2Ferrand", "command=%2Ferrand&trigger_id=%00", "command=%2Ferrand&trigger_id=a%20b",
    "command=a&command=b&trigger_id=1", "command=%zz&trigger_id=1", "command=%2&trigger_id=1",
    "command=%ff&trigger_id=1", "payload=%5B%5D", "payload=%7B%7D", "payload=%7B%22type%22%3A1%7D",
    (0..<300).map { "f\($0)=1" }.joined(separator: "&"),
    "command=%2Ferrand&trigger_id=" + String(repeating: "1", count: 300),
  ])
  func `a strange form is refused`(form: String) {
    #expect {
      _ = try Self.read(SlackRequest.make(Array(form.utf8), form: true))
    } throws: { error in
      (error as? HookRefusal)?.code == "unreadable"
    }
  }

  @Test(arguments: [
    "[]", "{}", #"{"type": "url_verification"}"#, #"{"type": "event_callback", "event": {"type": "m"}}"#,
    #"{"event_id": "Ev1", "event": {"type": "a\u0007"}}"#,
  ])
  func `strange JSON is refused`(body: String) {
    #expect {
      _ = try Self.source().read(SlackRequest.make(Array(body.utf8)))
    } throws: { error in
      (error as? HookRefusal)?.code == "unreadable"
    }
  }

  @Test func `a text is unescaped once and loses the mention that begins it`() {
    #expect(SlackMarkup.plain("<@U9> a &lt;b&gt; &amp;lt; <@U9>", addressedTo: ["U9"]) == "a <b> &lt; <@U9>")
    #expect(SlackMarkup.escaped("a <b> & c") == "a &lt;b&gt; &amp; c")
  }

  private static func fired(_ decision: String, _ reason: String? = nil) -> HookAnswer.Fired {
    HookAnswer.Fired(job: "chat-task", firing: "drun_1", decision: decision, reason: reason, run: nil)
  }

  @Test(arguments: [
    ([fired("started")], "Started chat-task."),
    ([fired("joined")], "Told the run of chat-task that is at work already."),
    ([fired("held", "A run is at work.")], "chat-task will start later: A run is at work."),
    (
      [fired("filtered", "body.text: \"<x>\" is not \"y\"")],
      "Nothing was started.\nchat-task: body.text: \"&lt;x&gt;\" is not \"y\""
    ),
    ([fired("filtered", "no"), fired("started")], "Started chat-task."),
    ([], "No job listens here, so nothing was started."),
  ])
  func `whoever typed a command reads what came of it`(firings: [HookAnswer.Fired], text: String) throws {
    let reading = try Self.read(Sample.request("slack-slash-command.txt"))
    let answer = HookAnswer(receipt: "rcpt_1", isRepeat: false, firings: firings, unlisted: 0)
    let reply = try Self.source().reply(to: reading, answer)
    #expect(reply.status == 200)
    #expect(reply.contentType == "application/json")
    #expect(try JSON(parsing: reply.body) == ["response_type": "ephemeral", "text": .string(text)])
    let mention = try Self.read(Sample.request("slack-app-mention.json"))
    #expect(try Self.source().reply(to: mention, answer) == HookReply(status: 200))
  }
}
