import HTTPServer
import JSON
import Primitives

/// A Messages API in this process that answers at once, and notes when it was asked and when it had answered.
///
/// A message with `tool` in it is answered by a call of `bash` first, one with `approve` by a call that waits.
final class ScriptedMessages: Sendable {
  struct Visit: Sendable {
    /// The last text that a user said.
    var said: String
    /// Microseconds.
    var asked: Int64
    var answered: Int64
    /// What the agent was told when its tool call failed.
    var trouble: String?
  }

  private let visits = Lock<[Visit]>([])
  private let server = Lock<HTTPServer?>(nil)

  func start() throws {
    var configuration = HTTPServer.Configuration { [self] request in answer(request) }
    configuration.admit = { _ in .accept(bodyLimit: 64 << 20) }
    let started = try HTTPServer.start(configuration)
    server.withLock { $0 = started }
  }

  var url: String { server.withLock { "http://127.0.0.1:\($0?.port ?? 0)" } }

  /// What it was asked about a message, in order.
  func visits(saying text: String) -> [Visit] { visits.withLock { $0.filter { $0.said == text } } }

  func stop() async { await server.withLock { $0 }?.stop(grace: .zero) }

  private func answer(_ request: HTTPRequest) -> HTTPResponse {
    let asked = Volley.microseconds()
    let messages = (try? JSON(parsing: request.body))?["messages"]?.arrayValue ?? []
    let blocks = messages.filter { $0["role"] == "user" }.flatMap { $0["content"]?.arrayValue ?? [] }
    let text = blocks.last { $0["type"] == "text" }?["text"]?.stringValue ?? ""
    let said = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    let hasResult = blocks.last?["type"] == "tool_result"
    let isCall = !hasResult && (said.contains("tool") || said.contains("approve"))
    let body = ScriptedMessages.stream(isCall ? ScriptedMessages.call : ScriptedMessages.text)
    let trouble = blocks.last.flatMap { $0["is_error"] == true ? $0["content"]?.text : nil }
    let visit = Visit(said: said, asked: asked, answered: Volley.microseconds(), trouble: trouble)
    visits.withLock { $0.append(visit) }
    return HTTPResponse(status: 200, headers: [("content-type", "text/event-stream")], body: .bytes(body))
  }

  private static let text: [JSON] = [
    ["type": "content_block_start", "index": 0, "content_block": ["type": "text", "text": ""]],
    ["type": "content_block_delta", "index": 0, "delta": ["type": "text_delta", "text": "Done."]],
    ["type": "content_block_stop", "index": 0],
    ["type": "message_delta", "delta": ["stop_reason": "end_turn"], "usage": ["output_tokens": 2]],
  ]

  private static let call: [JSON] = [
    [
      "type": "content_block_start", "index": 0,
      "content_block": ["type": "tool_use", "id": "toolu_1", "name": "bash", "input": [:]],
    ],
    [
      "type": "content_block_delta", "index": 0,
      "delta": ["type": "input_json_delta", "partial_json": "{\"command\": \"true\"}"],
    ], ["type": "content_block_stop", "index": 0],
    ["type": "message_delta", "delta": ["stop_reason": "tool_use"], "usage": ["output_tokens": 2]],
  ]

  private static func stream(_ reply: [JSON]) -> [UInt8] {
    let start: JSON = [
      "type": "message_start",
      "message": [
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
        "stop_reason": .null, "usage": ["input_tokens": 5, "output_tokens": 0],
      ],
    ]
    return ([start] + reply + [["type": "message_stop"]]).flatMap { event in
      Array("event: \(event["type"]?.stringValue ?? "")\ndata: ".utf8) + event.bytes + Array("\n\n".utf8)
    }
  }
}
