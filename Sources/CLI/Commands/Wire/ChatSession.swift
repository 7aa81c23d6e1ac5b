import ArgumentParser
import JSON
import Primitives

/// `errand sessions chat`
struct ChatSession: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat", abstract: "Talk to a session from the terminal, and approve what it asks for.",
    discussion: """
      Each line is a message; the session's events are told as they come. When a tool waits for approval, y allows it and
      anything else denies it, with that as the reason. Ctrl-D ends the talk; the session stays.

      EXAMPLES:
        errand sessions chat sesn_01kq3v5m9x
        echo "What is in the workspace?" | errand sessions chat sesn_01kq3v5m9x
      """)

  @Argument(help: "The session's id.")
  var id: String
  @Flag(help: "Also tell the bookkeeping: model requests, statuses of threads.")
  var verbose = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let lines = LogLines(tellsAll: verbose) { Say.output($0) }
    while true {
      let session = try await server.get(["v1", "sessions", id])
      if session["status"]?.stringValue == "terminated" { return Say.notice("The session has ended.") }
      let waiting = try await Talk(server, id).waiting()
      guard let event = try ask(waiting) else { return }
      let before = try await Talk(server, id).lastEvent()
      _ = try await server.post(["v1", "sessions", id, "events"], ["events": [event]])
      let follower = SessionFollower(server, session: id) { event in
        guard Talk.isAfter(event, before) else { return }
        lines.show(event)
      }
      try await follower.follow(until: { try await Talk(server, id).isResting() })
    }
  }

  /// The next thing to send; nil at the end of the input.
  private func ask(_ waiting: JSON?) throws -> JSON? {
    if let waiting {
      let use = waiting["id"]?.stringValue ?? ""
      Say.notice(
        "\(waiting["name"]?.stringValue ?? "A tool") wants to run with \(waiting["input"]?.text ?? "{}")")
      Say.prompt("allow? [y/reason] ")
      guard let line = readLine() else { return nil }
      if waiting["type"]?.stringValue == "agent.custom_tool_use" {
        return [
          "type": "user.custom_tool_result", "custom_tool_use_id": .string(use),
          "content": [["type": "text", "text": .string(line.isEmpty ? "(nothing)" : line)]],
        ]
      }
      if ["y", "yes"].contains(line.lowercased()) {
        return ["type": "user.tool_confirmation", "tool_use_id": .string(use), "result": "allow"]
      }
      var answer: JSON = ["type": "user.tool_confirmation", "tool_use_id": .string(use), "result": "deny"]
      if !line.isEmpty { answer["deny_message"] = .string(line) }
      return answer
    }
    while true {
      Say.prompt("> ")
      guard let line = readLine() else { return nil }
      if line.allSatisfy(\.isWhitespace) { continue }
      return ["type": "user.message", "content": [["type": "text", "text": .string(line)]]]
    }
  }
}

/// What a talk must know of its session.
private struct Talk {
  let server: Server
  let id: String

  init(_ server: Server, _ id: String) {
    self.server = server
    self.id = id
  }

  func isResting() async throws -> Bool {
    let status = try await server.get(["v1", "sessions", id])["status"]?.stringValue
    return status == "idle" || status == "terminated"
  }

  /// The first tool use that waits for an answer.
  func waiting() async throws -> JSON? {
    let idle = try await server.get(
      ["v1", "sessions", id, "events"], [("types", "session.status_idle"), ("order", "desc"), ("limit", "1")])
    let reason = idle["data"]?[0]?["stop_reason"]
    guard reason?["type"]?.stringValue == "requires_action", let use = reason?["event_ids"]?[0]?.stringValue
    else { return nil }
    var page: String?
    repeat {
      let answer = try await server.get(
        ["v1", "sessions", id, "events"], [("order", "desc"), ("limit", "200"), ("page", page)])
      if let found = answer["data"]?.arrayValue?.first(where: { $0["id"]?.stringValue == use }) {
        return found
      }
      page = answer["next_page"]?.stringValue
    } while page != nil
    return nil
  }

  /// When the latest event was recorded.
  func lastEvent() async throws -> Timestamp? {
    let answer = try await server.get(
      ["v1", "sessions", id, "events"], [("order", "desc"), ("limit", "1")])
    return answer["data"]?[0].flatMap { EventTeller.time(of: $0) }
  }

  static func isAfter(_ event: JSON, _ time: Timestamp?) -> Bool {
    guard let time, let own = EventTeller.time(of: event) else { return true }
    return own > time
  }
}
