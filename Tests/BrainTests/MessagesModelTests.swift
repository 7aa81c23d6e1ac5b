import HTTPClient
import JSON
import Primitives
import Testing

@testable import Brain
@testable import Sessions

@Suite struct `The Messages API` {
  static let request = ModelRequest(
    purpose: .turn, model: ["id": "claude-test", "effort": ["type": "low"]], system: "Be brief.",
    tools: ScriptedProvider.tools.map(\.json),
    messages: [["role": "user", "content": [["type": "text", "text": "Hi"]]]])

  static let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"

  static func events(_ data: [JSON]) -> String {
    data.map { "event: \($0["type"]?.stringValue ?? "")\ndata: \($0.text)\n\n" }.joined()
  }

  static let whole: [JSON] = [
    [
      "type": "message_start",
      "message": ["usage": ["input_tokens": 11, "output_tokens": 1, "cache_read_input_tokens": 3]],
    ],
    [
      "type": "content_block_start", "index": 0,
      "content_block": ["type": "thinking", "thinking": "", "signature": ""],
    ],
    ["type": "ping"],
    ["type": "content_block_delta", "index": 0, "delta": ["type": "thinking_delta", "thinking": "hm"]],
    ["type": "content_block_delta", "index": 0, "delta": ["type": "thinking_delta", "thinking": "m"]],
    ["type": "content_block_delta", "index": 0, "delta": ["type": "signature_delta", "signature": "sig"]],
    ["type": "content_block_stop", "index": 0],
    [
      "type": "content_block_start", "index": 1,
      "content_block": ["type": "redacted_thinking", "data": "xyz"],
    ],
    ["type": "content_block_stop", "index": 1],
    ["type": "content_block_start", "index": 2, "content_block": ["type": "text", "text": ""]],
    ["type": "content_block_delta", "index": 2, "delta": ["type": "text_delta", "text": "Héllo "]],
    ["type": "content_block_delta", "index": 2, "delta": ["type": "text_delta", "text": "🦊"]],
    ["type": "content_block_stop", "index": 2],
    [
      "type": "content_block_start", "index": 3,
      "content_block": ["type": "tool_use", "id": "toolu_1", "name": "bash", "input": [:]],
    ],
    ["type": "content_block_delta", "index": 3, "delta": ["type": "input_json_delta", "partial_json": ""]],
    [
      "type": "content_block_delta", "index": 3,
      "delta": ["type": "input_json_delta", "partial_json": "{\"command\":"],
    ],
    [
      "type": "content_block_delta", "index": 3,
      "delta": ["type": "input_json_delta", "partial_json": "\"ls\"}"],
    ],
    ["type": "content_block_stop", "index": 3],
    [
      "type": "message_delta", "delta": ["stop_reason": "tool_use"],
      "usage": ["output_tokens": 42, "cache_creation_input_tokens": nil],
    ],
    ["type": "message_stop"],
  ]

  /// Asks a server that gives this answer.
  private func ask(
    _ answer: String, _ request: ModelRequest = request, key: String = "secret-key"
  ) async throws -> (Result<ModelReply, ModelError>, [String]) {
    let server = try ScriptedServer([answer])
    defer { server.stop() }
    let client = HTTPClient(userAgent: "test")
    defer { client.close() }
    let model = MessagesModel(client: client, baseURL: server.url + "/", key: key)
    let answer = try await model.answer(to: request).mapError { $0.at("http://server", not: server.url) }
    return (answer, server.requests)
  }

  @Test func `puts a streamed reply together`() async throws {
    let (reply, _) = try await ask(Self.head + Self.events(Self.whole))
    #expect(
      try reply.get()
        == ModelReply(
          content: [
            ["type": "thinking", "thinking": "hmm", "signature": "sig"],
            ["type": "redacted_thinking", "data": "xyz"], ["type": "text", "text": "Héllo 🦊"],
            ["type": "tool_use", "id": "toolu_1", "name": "bash", "input": ["command": "ls"]],
          ], stopReason: "tool_use", usage: Usage(input: 11, output: 42, cacheRead: 3)))
  }

  @Test func `is asked with key, version and cache marks`() async throws {
    let (_, requests) = try await ask(Self.head + Self.events(Self.whole))
    let lines = requests[0].split(separator: "\r\n")
    #expect(lines[0] == "POST /v1/messages HTTP/1.1")
    #expect(lines.contains("x-api-key: secret-key"))
    #expect(lines.contains("anthropic-version: 2023-06-01"))
    #expect(lines.contains("content-type: application/json"))
    let body = try JSON(parsing: String(lines[lines.count - 1]))
    #expect(body["model"] == "claude-test")
    #expect(body["stream"] == true)
    #expect(body["max_tokens"] == 32_000)
    #expect(body["system"]?[0]?["cache_control"] == ["type": "ephemeral"])
    #expect(body["messages"]?[0]?["content"]?[0]?["cache_control"] == ["type": "ephemeral"])
    #expect(body["tools"]?.arrayValue?.count == 6)
    // Nothing that only the official server knows.
    #expect(body["output_config"] == nil)
    #expect(body["thinking"] == nil)
  }

  @Test func `is not waited for when it says no more after the end`() async throws {
    let server = try ScriptedServer([Self.head + Self.events(Self.whole)], holdsOn: true)
    defer { server.stop() }
    let client = HTTPClient(userAgent: "test")
    defer { client.close() }
    let model = MessagesModel(client: client, baseURL: server.url, key: "k")
    #expect(try await model.reply(to: Self.request).stopReason == "tool_use")
  }

  @Test func `is taken when only the formal end of its stream is missing`() async throws {
    let (reply, _) = try await ask(Self.head + Self.events(Self.whole.dropLast()))
    let (whole, _) = try await ask(Self.head + Self.events(Self.whole))
    #expect(try reply.get() == whole.get())
    #expect(try reply.get().content.count == 4)
  }

  @Test(arguments: 0..<(whole.count - 1))
  func `that breaks its stream off anywhere has failed`(cut: Int) async throws {
    let (reply, _) = try await ask(Self.head + Self.events(Array(Self.whole[..<cut])))
    #expect(
      reply
        == .failure(
          .failed(
            message:
              "its stream ended before the reply did. ANTHROPIC_BASE_URL says where it was asked, at http://server/v1/messages."
          )))
  }

  @Test(arguments: [
    ("overloaded_error", ModelError.overloaded(retryAfter: nil, message: "overloaded_error: busy")),
    ("rate_limit_error", .rateLimited(retryAfter: nil, message: "rate_limit_error: busy")),
    ("api_error", .failed(message: "api_error: busy")),
    (
      "invalid_request_error",
      .refused(
        status: 400, message: "invalid_request_error: busy (asked at http://server/v1/messages)",
        answered: 200)
    ),
    ("never_heard_of", .failed(message: "never_heard_of: busy")),
  ])
  func `may fail inside the stream`(type: String, error: ModelError) async throws {
    let event: JSON = ["type": "error", "error": ["type": .string(type), "message": "busy"]]
    let (reply, _) = try await ask(Self.head + Self.events(Array(Self.whole[..<5]) + [event]))
    #expect(reply == .failure(error))
  }

  @Test(arguments: [
    (429, "retry-after: 7\r\n", ModelError.rateLimited(retryAfter: .seconds(7), message: "no")),
    (429, "", .rateLimited(retryAfter: nil, message: "no")),
    (429, "retry-after: Wed, 21 Oct 2026 07:28:00 GMT\r\n", .rateLimited(retryAfter: nil, message: "no")),
    (529, "retry-after: 0.5\r\n", .overloaded(retryAfter: .milliseconds(500), message: "no")),
    (503, "", .overloaded(retryAfter: nil, message: "no")), (500, "", .failed(message: "no")),
    (504, "", .failed(message: "no")),
    (400, "", .refused(status: 400, message: "no (asked at http://server/v1/messages)")),
    (
      401, "",
      .refused(
        status: 401,
        message:
          "no (asked at http://server/v1/messages with the key in ANTHROPIC_API_KEY: set it to one that is taken there)"
      )
    ),
    (
      404, "",
      .refused(
        status: 404,
        message:
          "no (asked at http://server/v1/messages: check the agent's model, and the address in ANTHROPIC_BASE_URL)"
      )
    ),
    (413, "", .refused(status: 413, message: "no (asked at http://server/v1/messages)")),
    (
      301, "",
      .refused(
        status: 301,
        message:
          "no (asked at http://server/v1/messages, which redirects elsewhere: set ANTHROPIC_BASE_URL to where the server is)"
      )
    ),
  ])
  func `says by its status whether another try may help`(
    status: Int, header: String, error: ModelError
  ) async throws {
    let body = "{\"type\":\"error\",\"error\":{\"type\":\"some_error\",\"message\":\"no\"}}"
    let (reply, _) = try await ask(
      "HTTP/1.1 \(status) No\r\n\(header)content-length: \(body.utf8.count)\r\nconnection: close\r\n\r\n\(body)"
    )
    #expect(reply == .failure(error))
  }

  @Test func `is not asked again when its owner has spent enough`() async throws {
    let body =
      "{\"error\":{\"type\":\"rate_limit_error\",\"code\":\"enforced_spend_limit_reached\",\"message\":\"spent\"}}"
    let (reply, _) = try await ask(
      "HTTP/1.1 429 No\r\ncontent-length: \(body.utf8.count)\r\nconnection: close\r\n\r\n\(body)")
    #expect(reply == .failure(.refused(status: 429, message: "spent (asked at http://server/v1/messages)")))
  }

  @Test func `never gets the key into an error`() async throws {
    let body = "the key secret-key is wrong"
    let (reply, _) = try await ask(
      "HTTP/1.1 401 No\r\ncontent-length: \(body.utf8.count)\r\nconnection: close\r\n\r\n\(body)")
    #expect(
      reply
        == .failure(
          .refused(
            status: 401,
            message:
              "the key (the key) is wrong (asked at http://server/v1/messages with the key in ANTHROPIC_API_KEY: set it to one that is taken there)"
          )))
  }

  @Test func `that is not there is worth another try`() async throws {
    let server = try ScriptedServer([])
    let url = server.url
    server.stop()
    let client = HTTPClient(userAgent: "test")
    defer { client.close() }
    let reply = try await MessagesModel(client: client, baseURL: url, key: "k").answer(to: Self.request)
    guard case .failure(.failed(let message)) = reply else {
      Issue.record("\(reply)")
      return
    }
    #expect(message.contains("refused the connection"))
    #expect(message.hasSuffix("ANTHROPIC_BASE_URL says where it was asked, at \(url)/v1/messages."))
  }

  @Test func `at an address that is none is never asked`() async throws {
    let client = HTTPClient(userAgent: "test")
    defer { client.close() }
    let reply = try await MessagesModel(client: client, baseURL: "nonsense", key: "k").answer(
      to: Self.request)
    guard case .failure(.unavailable(let message)) = reply else {
      Issue.record("\(reply)")
      return
    }
    #expect(message.hasSuffix("ANTHROPIC_BASE_URL says where it is."))
  }
}

extension ModelError {
  /// The same with another address, for servers of tests have a new one each time.
  func at(_ address: String, not other: String) -> ModelError {
    switch self {
    case .refused(let status, let message, let answered):
      .refused(status: status, message: message.replacing(other, with: address), answered: answered)
    case .misplaced(let message): .misplaced(message: message.replacing(other, with: address))
    case .failed(let message): .failed(message: message.replacing(other, with: address))
    case .unavailable(let message): .unavailable(message: message.replacing(other, with: address))
    case .rateLimited, .overloaded: self
    }
  }
}

@Suite struct `A reply put together` {
  private func assemble(_ events: [JSON]) throws -> ModelReply? {
    var assembly = ReplyAssembly()
    for event in events {
      try assembly.add(ServerSentEvents.Event(type: event["type"]?.stringValue ?? "", data: event.text))
    }
    return assembly.reply
  }

  private func tool(_ block: JSON, _ pieces: [String], stop: String = "tool_use") -> [JSON] {
    [["type": "content_block_start", "index": 0, "content_block": block]]
      + pieces.map { piece in
        [
          "type": "content_block_delta", "index": 0,
          "delta": ["type": "input_json_delta", "partial_json": .string(piece)],
        ]
      } + [["type": "message_delta", "delta": ["stop_reason": .string(stop)]], ["type": "message_stop"]]
  }

  static let empty: JSON = ["type": "tool_use", "id": "t", "name": "bash", "input": [:]]

  @Test func `takes the input of a tool in any form servers send it`() throws {
    #expect(try assemble(tool(Self.empty, []))?.content[0]["input"] == [:])
    #expect(try assemble(tool(Self.empty, ["{\"a\"", ":1}"]))?.content[0]["input"] == ["a": 1])
    var whole = Self.empty
    whole["input"] = ["a": 1]
    #expect(try assemble(tool(whole, []))?.content[0]["input"] == ["a": 1])
    whole["input"] = "{\"a\":1}"
    #expect(try assemble(tool(whole, []))?.content[0]["input"] == ["a": 1])
  }

  @Test func `fails on an input that is not JSON, unless it was cut`() throws {
    #expect(throws: MessagesError.malformed("the input of the tool call in block 0 is not JSON")) {
      try assemble(tool(Self.empty, ["{\"a\""]))
    }
    #expect(try assemble(tool(Self.empty, ["{\"a\""], stop: "max_tokens"))?.content[0]["input"] == [:])
  }

  @Test func `counts what servers leave out as 0`() throws {
    let reply = try assemble([
      ["type": "message_start", "message": ["usage": ["input_tokens": nil]]],
      ["type": "something_new", "x": 1], ["type": "message_delta", "delta": ["stop_reason": "end_turn"]],
      ["type": "message_stop"],
    ])
    #expect(reply == ModelReply(content: [], stopReason: "end_turn"))
  }

  @Test func `needs a stop reason and blocks that were opened`() throws {
    #expect(throws: MessagesError.malformed("the reply has no stop reason")) {
      try assemble([["type": "message_stop"]])
    }
    #expect(throws: MessagesError.malformed("a piece of a block came before the block")) {
      try assemble([
        ["type": "content_block_delta", "index": 4, "delta": ["type": "text_delta", "text": "x"]]
      ])
    }
  }
}

@Suite struct `A request` {
  private func body(_ messages: [JSON], official: Bool = false, effort: String = "low", tool: String? = nil)
    -> JSON
  {
    MessagesRequest.body(
      ModelRequest(
        purpose: .turn, model: ["id": "m", "effort": ["type": .string(effort)]], system: "s",
        tools: ScriptedProvider.tools.map(\.json), messages: messages, forcedTool: tool), isOfficial: official
    )
  }

  private func message(_ role: String, _ texts: String...) -> JSON {
    [
      "role": .string(role),
      "content": .array(texts.map { ["type": "text", "text": .string($0)] }),
    ]
  }

  @Test func `has at most 4 cache marks: the system and the last two messages of the user`() {
    let body = body([
      message("user", "a"), message("assistant", "b"), message("user", "c", "d"), message("assistant", "e"),
      message("user", "f"),
    ])
    let marked = body["messages"]?.arrayValue?.flatMap { $0["content"]?.arrayValue ?? [] }
      .filter { $0["cache_control"] != nil }.compactMap { $0["text"]?.stringValue }
    #expect(marked == ["d", "f"])
    #expect(body.text.split(separator: "cache_control").count - 1 == 3)
  }

  @Test func `sends the effort to the official server only, and only if it is not the default`() {
    let messages = [message("user", "a")]
    #expect(body(messages, official: true)["output_config"] == ["effort": "low"])
    #expect(body(messages, official: true, effort: "high")["output_config"] == nil)
    #expect(body(messages, official: false)["output_config"] == nil)
  }

  @Test func `forces a tool`() {
    #expect(body([message("user", "a")], tool: "x")["tool_choice"] == ["type": "tool", "name": "x"])
  }
}
