import ArgumentParser
import Glibc
import JSON
import Primitives

/// `errand sessions chat`
struct ChatSession: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat", abstract: "Talk to a session from the terminal, and answer what it asks for.",
    discussion: """
      Each line is a message; the session's events are told as they come. When a tool waits for approval, y allows it \
      and anything else denies it, with that as the reason; a custom tool waits for its result. Ctrl-C stops the agent \
      while it works, and ends the talk else; so does Ctrl-D. The session stays.

      EXAMPLES:
        errand sessions chat sesn_01kq3v5m9x
        echo "What is in the workspace?" | errand sessions chat sesn_01kq3v5m9x
      """)

  @Argument(help: "The session's id, or its end.")
  var id: String
  @Flag(help: "Also tell the bookkeeping: model requests, statuses of threads.")
  var verbose = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let id = try await server.whole(id, .session)
    let lines = LogLines(tellsAll: verbose) { Say.output($0) }
    try await Interrupts.each(
      {
        Say.notice("The agent stops as soon as it can. Ctrl-C again leaves the talk.")
        try await Talk(server, id).interrupt()
      }, during: { try await ChatSession.talk(server, id, lines) })
  }

  private static func talk(_ server: Server, _ id: String, _ lines: LogLines) async throws {
    let talk = Talk(server, id)
    var isFirst = true
    while true {
      let status = try await server.get(["v1", "sessions", id])["status"]?.stringValue
      if status == "terminated" { return Say.notice("The session has ended.") }
      if isFirst, status != "idle" {
        Say.notice(
          "The agent works. What you write waits until it is done; `errand sessions interrupt \(id)` stops it."
        )
      }
      isFirst = false
      // While it works, what it waited for before is answered.
      let waiting = status == "idle" ? try await talk.waiting() : nil
      guard let event = ask(waiting) else {
        if waiting != nil, !Say.hasReader { throw Complaint.sessionWaits(id) }
        return
      }
      let before = try await talk.lastEvent()
      Interrupts.arm([SIGINT])
      _ = try await server.post(["v1", "sessions", id, "events"], ["events": [event]])
      let follower = SessionFollower(server, session: id) { event in
        guard Talk.isAfter(event, before) else { return }
        lines.show(event)
      }
      try await follower.follow(until: { try await talk.isResting() })
      Interrupts.disarm([SIGINT])
    }
  }

  /// The next thing to send; nil at the end of the input.
  private static func ask(_ waiting: JSON?) -> JSON? {
    if let waiting {
      let use = waiting["id"]?.stringValue ?? ""
      let name = (waiting["name"]?.stringValue ?? "A tool").onOneLine
      let input = (waiting["input"]?.text ?? "{}").onOneLine
      if waiting["type"]?.stringValue == "agent.custom_tool_use" {
        Say.notice("\(name) is called with \(input), and waits for its result")
        Say.prompt("result> ")
        guard let line = readLine() else { return nil }
        return [
          "type": "user.custom_tool_result", "custom_tool_use_id": .string(use),
          "content": [["type": "text", "text": .string(line.isEmpty ? "(nothing)" : line)]],
        ]
      }
      Say.notice("\(name) wants to run with \(input)")
      Say.prompt("allow? [y/reason] ")
      guard let line = readLine() else { return nil }
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

/// `errand sessions interrupt`
struct InterruptSession: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "interrupt", abstract: "Stop what a session's agent does, or waits for; the session stays.",
    discussion: """
      EXAMPLES:
        errand sessions interrupt sesn_01kq3v5m9x
      """)

  @Argument(help: "The session's id, or its end.")
  var id: String
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let id = try await server.whole(id, .session)
    try await Talk(server, id).interrupt()
    Say.output("\(id) is interrupted.")
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

  func interrupt() async throws {
    _ = try await server.post(["v1", "sessions", id, "events"], ["events": [["type": "user.interrupt"]]])
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
