import Foundation
import HTTPServer
import JSON
import Logging
import Primitives
import Processes
import Service
import TestSupport
import Testing

@testable import CLI

/// Speaks the Messages API: runs what a user says after “run: ”, or calls the tool `ask` with what is said after
/// “ask: ”, and repeats what came of it; else it repeats what the user said.
private final class Talker: Sendable {
  let server: HTTPServer

  init() throws {
    var configuration = HTTPServer.Configuration { request in
      let messages = (try? JSON(parsing: request.body))?["messages"]?.arrayValue ?? []
      let last = messages.last?["content"]?.arrayValue?.last
      return Talker.answer(to: last)
    }
    configuration.admit = { _ in .accept(bodyLimit: 8 << 20) }
    server = try HTTPServer.start(configuration)
  }

  private static func answer(to block: JSON?) -> HTTPResponse {
    if block?["type"] == "tool_result" {
      let result = block?["content"]?[0]?["text"]?.stringValue ?? block?["content"]?.stringValue ?? "nothing"
      return stream("It said: \(result.split(separator: "\n").joined(separator: " "))", nil)
    }
    let text = block?["text"]?.stringValue ?? ""
    for (word, tool) in [("run: ", "bash"), ("ask: ", "ask")] {
      guard let start = text.range(of: word)?.upperBound else { continue }
      return stream("", String(text[start...].prefix { !$0.isNewline }), tool)
    }
    return stream("You said \(text)", nil)
  }

  private static func stream(_ text: String, _ command: String?, _ tool: String = "bash") -> HTTPResponse {
    let use: JSON = ["type": "tool_use", "id": "toolu_1", "name": .string(tool), "input": [:]]
    let input: JSON = ["command": .string(command ?? "")]
    let events: [JSON] = [
      [
        "type": "message_start",
        "message": [
          "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
          "stop_reason": .null, "usage": ["input_tokens": 5, "output_tokens": 0],
        ],
      ],
      [
        "type": "content_block_start", "index": 0,
        "content_block": command == nil ? ["type": "text", "text": ""] : use,
      ],
      [
        "type": "content_block_delta", "index": 0,
        "delta": command == nil
          ? ["type": "text_delta", "text": .string(text)]
          : ["type": "input_json_delta", "partial_json": .string(input.text)],
      ], ["type": "content_block_stop", "index": 0],
      [
        "type": "message_delta", "delta": ["stop_reason": command == nil ? "end_turn" : "tool_use"],
        "usage": ["output_tokens": 2],
      ], ["type": "message_stop"],
    ]
    let bytes = events.flatMap { event in
      Array("event: \(event["type"]?.stringValue ?? "")\ndata: \(event.text)\n\n".utf8)
    }
    return HTTPResponse(
      status: 200, headers: [("content-type", "text/event-stream")], body: .bytes(bytes))
  }
}

/// A real service in this process, and the program `errand` as people use it.
struct Served: Sendable {
  let url: String
  let folder: String
  let lines: Lock<[String]>

  /// What the server has logged.
  var log: String { lines.withLock { $0.joined(separator: "\n") } }

  /// Runs a server until `body` has returned.
  static func with(
    _ environment: [String: String] = [:], _ body: (Served) async throws -> Void
  ) async throws {
    let (folder, talker) = (try TemporaryFolder(), try Talker())
    var configuration = Configuration(
      dataDirectory: "\(folder.path)/data",
      environment: [
        "ERRAND_API_KEY": "test", "ANTHROPIC_API_KEY": "none",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:\(talker.server.port)",
      ].merging(environment) { $1 })
    configuration.port = 0
    configuration.grace = .seconds(1)
    let lines = Lock<[String]>([])
    let service = try await ErrandService(
      configuration, log: Logger(label: "test") { _ in LineLog(lines, level: .trace) })
    let (ports, port) = AsyncStream.makeStream(of: UInt16.self)
    let run = Task { try await service.run(signals: []) { port.yield($0) } }
    var iterator = ports.makeAsyncIterator()
    let result: Result<Void, any Error>
    do {
      let number = try #require(await iterator.next(isolation: #isolation))
      try await body(Served(url: "http://127.0.0.1:\(number)", folder: folder.path, lines: lines))
      result = .success(())
    } catch {
      result = .failure(error)
    }
    run.cancel()
    // A stop by cancellation ends the group with its error; what counts is that it ends.
    _ = await run.result
    await talker.server.stop(grace: .zero)
    try result.get()
  }

  func errand(_ arguments: String..., input: String = "") async throws -> Command.Output {
    let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(
      path: "errand")
    let environment = [
      "ERRAND_URL": url, "ERRAND_API_KEY": "test", "TZ": "UTC",
      "LD_LIBRARY_PATH": ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? "",
    ]
    return try await Command(
      [program.path] + arguments, environment: environment, input: .bytes(Array(input.utf8)),
      limit: .seconds(60)
    ).run()
  }

  /// Starts the program, for tests that do something while it runs.
  func start(_ arguments: String..., input: Foundation.Pipe, output: Foundation.Pipe) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(
      path: "errand")
    process.arguments = arguments
    process.environment = [
      "ERRAND_URL": url, "ERRAND_API_KEY": "test", "TZ": "UTC",
      "LD_LIBRARY_PATH": ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? "",
    ]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    return process
  }

  /// Creates one from a body in YAML, and returns what the API says of it.
  func made(_ resource: String, _ body: String) async throws -> JSON {
    let output = try await errand(resource, "create", input: body)
    #expect(output.exit == .code(0), "\(output.errorText)")
    return try JSON(parsing: output.text)
  }

  /// An agent whose tools all follow one policy, and an environment.
  func prepared(policy: String) async throws -> (agent: String, environment: String) {
    let agent = try await made(
      "agents",
      """
      name: Helper
      model: m
      tools:
        - type: agent_toolset_20260401
          default_config: {permission_policy: {type: \(policy)}}
      """)
    let environment = try await made("environments", "name: bench\nconfig: {type: cloud}\n")
    return (agent["id"]?.stringValue ?? "", environment["id"]?.stringValue ?? "")
  }
}
