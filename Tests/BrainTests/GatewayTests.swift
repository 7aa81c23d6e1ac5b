import HTTPClient
import JSON
import Primitives
import Testing

@testable import Brain
@testable import Sessions

/// Servers between an agent and its model have ways of their own: of failing, of staying silent, of numbering.
@Suite struct `A gateway` {
  private static let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: "
  private static let stream = head + "text/event-stream\r\n\r\n"
  private static let json = head + "application/json\r\n\r\n"
  private static let whereAsked = " (asked at http://server/v1/messages)"

  private func ask(_ answer: String, key: String = "secret-key") async throws -> Result<
    ModelReply, ModelError
  > {
    let server = try ScriptedServer([answer])
    defer { server.stop() }
    let client = HTTPClient(userAgent: "test")
    defer { client.close() }
    let model = MessagesModel(client: client, baseURL: server.url, key: key)
    return try await model.answer(to: `The Messages API`.request)
      .mapError { $0.at("http://server", not: server.url) }
  }

  private static func data(_ json: JSON) -> String { "data: \(json.text)\n\n" }

  private static let opening = data(["type": "message_start", "message": ["id": "m", "usage": [:]]])
  private static let text =
    data(["type": "content_block_start", "index": 0, "content_block": ["type": "text", "text": ""]])
    + data(["type": "content_block_delta", "index": 0, "delta": ["type": "text_delta", "text": "Hi."]])
  private static let closing =
    data(["type": "message_delta", "delta": ["stop_reason": "end_turn"]]) + data(["type": "message_stop"])

  // MARK: Errors

  static let errors: [(String, ModelError)] = [
    (
      json + #"{"type":"error","error":{"type":"authentication_error","message":"bad key"}}"#,
      .refused(
        status: 401,
        message:
          "authentication_error: bad key (asked at http://server/v1/messages with the key in ANTHROPIC_API_KEY: set it to one that is taken there)",
        answered: 200
      )
    ),
    (
      stream + #"{"error":{"message":"no room","code":502}}"#, .failed(message: "no room")
    ),
    (
      json + #"{"error":{"message":"slow down","type":"tokens","code":"rate_limit_exceeded"}}"#,
      .rateLimited(retryAfter: nil, message: "tokens: slow down")
    ),
    (
      json + #"{"error":{"message":"wait","code":429,"retry_after":7}}"#,
      .rateLimited(retryAfter: .seconds(7), message: "wait")
    ),
    (
      json + #"{"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}}"#,
      .refused(
        status: 402,
        message:
          "insufficient_quota: pay (asked at http://server/v1/messages with the key in ANTHROPIC_API_KEY, whose account has no credit there)",
        answered: 200
      )
    ),
    (
      json + #"[{"error":{"code":403,"message":"not you","status":"PERMISSION_DENIED"}}]"#,
      .refused(
        status: 403,
        message:
          "PERMISSION_DENIED: not you (asked at http://server/v1/messages with the key in ANTHROPIC_API_KEY, which may not do this there)",
        answered: 200
      )
    ),
    (
      json + #"{"error":{"message":"no such model","code":"model_not_found"}}"#,
      .refused(
        status: 404,
        message:
          "no such model (asked at http://server/v1/messages: check the agent's model, and the address in ANTHROPIC_BASE_URL)",
        answered: 200
      )
    ),
    (
      json + #"{"error":{"message":"8192 is the most","code":"context_length_exceeded"}}"#,
      .refused(status: 400, message: "8192 is the most (context length exceeded)" + whereAsked, answered: 200)
    ),
    (
      json + #"{"__type":"com.x#ThrottlingException","message":"slow"}"#,
      .rateLimited(
        retryAfter: nil, message: "ThrottlingException: slow")
    ),
    (json + #"{"detail":"No upstream"}"#, .failed(message: "No upstream")),
    (json + #"{"error":"overloaded","code":503}"#, .overloaded(retryAfter: nil, message: "overloaded")),
    (
      stream + opening + text + data(["error": ["message": "gone", "code": 502]]), .failed(message: "gone")
    ),
    (
      stream + opening + "event: error\ndata: {\"type\":\"error\",\"error\":\"gone\"}\n\n",
      .failed(message: "gone")
    ),
    (stream + opening + "event: error\ndata: the worker died\n\n", .failed(message: "the worker died")),
    (
      stream + opening
        + "event: error\ndata: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}",
      .overloaded(retryAfter: nil, message: "overloaded_error: busy")
    ),
    (
      stream + opening + #"{"error":{"type":"api_error","message":"raw line"}}"#,
      .failed(message: "api_error: raw line")
    ),
    (
      stream + opening + "data: upstream timed out\n\n",
      .failed(
        message:
          "its stream ended before the reply did; it said: upstream timed out. ANTHROPIC_BASE_URL says where it was asked, at http://server/v1/messages."
      )
    ),
    (
      head
        + "text/html\r\n\r\n<html><head><title>502 Bad</title></head><body><h1>Gate&amp;way</h1></body></html>",
      .failed(
        message:
          "it sent a web page (text/html, status 200) instead of a reply: 502 Bad Gate&way. ANTHROPIC_BASE_URL says where it was asked, at http://server/v1/messages."
      )
    ),
    (
      head
        + "text/html; charset=utf-8\r\n\r\n<!doctype html><title>Sign in</title><p>Sign in to the company's network</p>",
      .misplaced(
        message:
          "it sent a web page (text/html, status 200) instead of a reply: Sign in Sign in to the company's network. ANTHROPIC_BASE_URL says where it was asked, at http://server/v1/messages."
      )
    ),
    (
      json + #"{"version":"1.2"}"#,
      .misplaced(
        message:
          #"it sent JSON that is no reply (application/json, status 200) instead of a reply: {"version":"1.2"}. ANTHROPIC_BASE_URL says where it was asked, at http://server/v1/messages."#
      )
    ),
    (
      head + "text/plain\r\n\r\nno healthy upstream",
      .failed(
        message:
          "it sent a text (text/plain, status 200) instead of a reply: no healthy upstream. ANTHROPIC_BASE_URL says where it was asked, at http://server/v1/messages."
      )
    ),
    (
      json + #"{"error": {"message": "cut"#,
      .failed(
        message:
          #"it sent broken JSON (application/json, status 200) instead of a reply: {"error": {"message": "cut. ANTHROPIC_BASE_URL says where it was asked, at http://server/v1/messages."#
      )
    ),
    (
      stream + data(["choices": [["delta": ["content": "Hi"]]]]) + "data: [DONE]\n\n",
      .unavailable(
        message:
          "The model's server at http://server/v1/messages answers in the form of another API (chat completions). ANTHROPIC_BASE_URL has to name one that speaks the Messages API."
      )
    ),
    (
      "HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n<html><body><center><h1>502 Bad Gateway</h1></center></body></html>",
      .failed(message: "502 Bad Gateway")
    ),
    (
      "HTTP/1.1 500 No\r\nconnection: close\r\n\r\n{\"error\":{\"type\":\"permission_error\",\"message\":\"no\"}}",
      .refused(
        status: 403,
        message:
          "no (asked at http://server/v1/messages with the key in ANTHROPIC_API_KEY, which may not do this there)",
        answered: 500
      )
    ),
  ]

  @Test(arguments: errors.indices)
  func `says what is wrong in many forms`(place: Int) async throws {
    let (answer, error) = Self.errors[place]
    let result = try await ask(answer)
    #expect(result == .failure(error))
  }

  @Test func `that refuses in an answer with status 200 is not said to have given another`() async throws {
    let (answer, _) = Self.errors[4]
    guard case .failure(let error) = try await ask(answer) else {
      Issue.record("It was no error.")
      return
    }
    #expect(
      error.description.hasPrefix(
        "The model's server refused the request, in an answer with status 200: insufficient_quota: pay"))
    #expect(error.wireType == "billing_error")
  }

  @Test func `that shows a page to log in on is not asked again`() {
    #expect(!ModelError.misplaced(message: "it sent a web page").isRetryable)
  }

  @Test func `is quoted without keys, control characters and at length`() {
    let cleaner = RemarkCleaner(secrets: ["secret-key"])
    #expect(cleaner.clean("a secret-key\n\u{1B}[31m b\u{202E}c") == "a (the key) [31m bc")
    #expect(cleaner.clean("with sk-gw-0123456789abcdef, yes") == "with (a key), yes")
    #expect(cleaner.clean(String(repeating: "x", count: 9000)).count == 500)
  }

  // MARK: Heartbeats and forms of the stream

  @Test(arguments: [
    "event: ping\ndata: \n\n", "event: ping\ndata: keepalive\n\n", "event: heartbeat\ndata: 1759\n\n",
    ": x\n\n", "data:\n\n", "data: {\"type\":\"new_kind\",\"x\":1}\n\n", "data: [DONE]\n\n",
    "data: \"alive\"\n\n",
    "event: content_block_delta\ndata: {\"index\":0,\"delta\":{\"type\":\"newer_delta\",\"x\":1}}\n\n",
    "\n\n\n",
    "data: {\"message\":\"working\"}\n\n", "id: 7\nretry: 100\n\n",
  ])
  func `may say anything in between`(beat: String) async throws {
    for answer in [
      Self.opening + beat + Self.text, beat + Self.opening + Self.text, Self.opening + Self.text + beat,
    ] {
      let reply = try await ask(Self.stream + answer + Self.closing).get()
      #expect(reply == ModelReply(content: [["type": "text", "text": "Hi."]], stopReason: "end_turn"))
    }
  }

  @Test(arguments: ["\n", "\r\n", "\r"])
  func `may end its lines as it likes, and begin with a mark of byte order`(end: String) async throws {
    let whole = (Self.opening + Self.text + Self.closing).replacing("\n", with: end)
    #expect(
      try await ask(Self.stream + "\u{FEFF}" + whole).get().content == [["type": "text", "text": "Hi."]])
  }

  @Test func `may answer with a whole message`() async throws {
    let message =
      #"{"type":"message","content":[{"type":"text","text":"Hi."}],"stop_reason":"end_turn","usage":{"input_tokens":3}}"#
    #expect(
      try await ask(Self.json + message).get()
        == ModelReply(
          content: [["type": "text", "text": "Hi."]], stopReason: "end_turn",
          usage: Usage(input: 3, output: 0)))
  }

  // MARK: Blocks

  private func assemble(_ events: [JSON]) throws -> ModelReply? {
    var assembly = ReplyAssembly()
    for event in events { try assembly.add(ServerSentEvents.Event(data: event.text)) }
    return try assembly.end()
  }

  private static func start(_ index: Int, _ block: JSON) -> JSON {
    ["type": "content_block_start", "index": JSON(index), "content_block": block]
  }

  private static func piece(_ index: Int, _ delta: JSON) -> JSON {
    ["type": "content_block_delta", "index": JSON(index), "delta": delta]
  }

  private static func call(_ id: String) -> JSON {
    ["type": "tool_use", "id": .string(id), "name": "bash", "input": [:]]
  }
  private static func input(_ text: String) -> JSON {
    ["type": "input_json_delta", "partial_json": .string(text)]
  }
  private static let end: JSON = ["type": "message_delta", "delta": ["stop_reason": "tool_use"]]

  @Test func `may number all blocks alike`() throws {
    let reply = try assemble([
      Self.start(0, ["type": "text", "text": ""]), Self.piece(0, ["type": "text_delta", "text": "Two."]),
      Self.start(0, Self.call("a")), Self.piece(0, Self.input(#"{"command":"first"}"#)),
      Self.start(0, Self.call("b")), Self.piece(0, Self.input(#"{"command":"second"}"#)), Self.end,
    ])
    #expect(
      reply?.content == [
        ["type": "text", "text": "Two."],
        ["type": "tool_use", "id": "a", "name": "bash", "input": ["command": "first"]],
        ["type": "tool_use", "id": "b", "name": "bash", "input": ["command": "second"]],
      ])
  }

  @Test func `may go over from thinking to text without a word`() throws {
    let reply = try assemble([
      Self.start(0, ["type": "thinking", "thinking": ""]),
      Self.piece(0, ["type": "thinking_delta", "thinking": "hm"]),
      Self.piece(0, ["type": "text_delta", "text": "Hi."]), Self.end,
    ])
    #expect(reply?.content == [["type": "thinking", "thinking": "hm"], ["type": "text", "text": "Hi."]])
  }

  @Test func `may give an input as an object, or after an empty one`() throws {
    for deltas: [JSON] in [
      [["type": "input_json_delta", "partial_json": ["command": "ls"]]],
      [Self.input("{}"), Self.input(#"{"command":"ls"}"#)], [Self.input(#""{\"command\":\"ls\"}""#)],
    ] {
      let reply = try assemble(
        [Self.start(0, Self.call("a"))] + deltas.map { Self.piece(0, $0) } + [Self.end])
      #expect(reply?.content.first?["input"] == ["command": "ls"])
    }
  }

  @Test func `is refused when an input is no object`() {
    #expect(throws: MessagesError.malformed("the input of the tool call in block 0 is not JSON")) {
      try assemble([Self.start(0, Self.call("a")), Self.piece(0, Self.input("[1]")), Self.end])
    }
  }

  @Test func `may call two tools by one name, or by none`() {
    var number = 0
    let reply = ModelReply(
      content: [Self.call("a"), Self.call("a"), Self.call("")], stopReason: "tool_use")
    let said = SaidReply(reply, takenNames: [], ids: .init(message: "m", thinking: "t")) {
      number += 1
      return "sevt_\(number)"
    }
    let end = said.events(start: "s", toolbox: Toolbox(agent: Rig.agent(), Rig.tools)).last
    #expect(end?.hidden?["calls"] == ["a": "sevt_1", "toolu_2": "sevt_2", "toolu_3": "sevt_3"])
  }

  @Test func `gets thinking back that nobody signed, and the official server does not`() {
    let thinking: JSON = ["type": "thinking", "thinking": "hm", "signature": ""]
    let call = Self.call("a")
    let kept = Blocks.ofAssistant([thinking, ["type": "thinking", "thinking": ""], call])
    #expect(kept == [thinking, call])
    let request = ModelRequest(
      purpose: .turn, model: ["id": "m"], system: "s", tools: [],
      messages: [
        ["role": "user", "content": [["type": "text", "text": "a"]]],
        ["role": "assistant", "content": .array(kept)],
      ])
    #expect(MessagesRequest.body(request, isOfficial: false)["messages"]?[1]?["content"] == .array(kept))
    #expect(MessagesRequest.body(request, isOfficial: true)["messages"]?[1]?["content"] == [call])
  }

  // MARK: Addresses

  @Test(arguments: [
    ("https://api.anthropic.com", "https://api.anthropic.com/v1/messages", true),
    ("https://api.anthropic.com/v1/", "https://api.anthropic.com/v1/messages", true),
    ("http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1/messages", false),
    ("http://127.0.0.1:1/v1/messages/", "http://127.0.0.1:1/v1/messages", false),
    (" http://gw/anthropic// ", "http://gw/anthropic/v1/messages", false),
    ("http://v1", "http://v1/v1/messages", false), ("http://gw/V1", "http://gw/v1/messages", false),
  ])
  func `is found whatever part of its address is given`(base: String, url: String, isOfficial: Bool) {
    let address = MessagesAddress(base: base)
    #expect(address.url == url)
    #expect(address.shown == url)
    #expect(address.isOfficial == isOfficial)
  }

  @Test func `is shown without what may be secret in its address`() {
    let address = MessagesAddress(base: "https://user:pass@gw/x?token=1")
    #expect(address.url == "https://user:pass@gw/x/v1/messages?token=1")
    #expect(address.shown == "https://gw/x/v1/messages")
  }
}
