import JSON
import Primitives

/// A line about something that happened: who or what, in a word, and what of it.
struct EventLine: Equatable {
  var label: String
  var text: String
  var paint: Paint?
  /// Whether all of it is to be read: what somebody said, not what a tool printed.
  var isSpoken: Bool

  init(_ label: String, _ text: String, _ paint: Paint? = nil, isSpoken: Bool = false) {
    self.label = label
    self.text = text
    self.paint = paint
    self.isSpoken = isSpoken
  }
}

/// Turns the events of a session's log into lines for people. It remembers when things began, so that it can
/// say how long they took.
struct EventTeller {
  /// Whether bookkeeping is told too: model requests, statuses of threads.
  let tellsAll: Bool
  /// How many lines of a text are told.
  let textLimit: Int

  private var began: [String: Timestamp] = [:]
  /// Calls without a result yet, with their tools.
  private var open: [String: String] = [:]
  /// Whether several calls are under way together, so that results must say whose they are.
  private var isParallel = false

  init(tellsAll: Bool = false, textLimit: Int = 40) {
    self.tellsAll = tellsAll
    self.textLimit = textLimit
  }

  mutating func lines(_ event: JSON) -> [EventLine] {
    let type = event["type"]?.stringValue ?? ""
    if let id = event["id"]?.stringValue, let time = EventTeller.time(of: event) { began[id] = time }
    switch type {
    case "user.message": return texts("task", event, .strong)
    case "user.interrupt": return [EventLine("stop", "an interrupt", .waiting)]
    case "user.define_outcome":
      let most = event["max_iterations"]?.intValue.map { ", at most \($0) iterations" } ?? ""
      let description = (event["description"]?.stringValue ?? "").onOneLine
      return [
        EventLine(
          "outcome", (description.hasSuffix(".") ? String(description.dropLast()) : description) + most)
      ]
    case "user.tool_confirmation":
      return [EventLine("answer", event["result"]?.stringValue ?? "", .waiting)]
    case "agent.message": return texts("agent", event, nil)
    case "agent.thinking": return tellsAll ? [EventLine("thinks", "…", .quiet)] : []
    case "agent.tool_use", "agent.custom_tool_use", "agent.mcp_tool_use": return [use(event)]
    case "agent.tool_result", "agent.mcp_tool_result", "user.tool_result", "user.custom_tool_result":
      return [result(event)]
    case "span.outcome_evaluation_end": return [verdict(event)]
    case "session.error":
      return [
        EventLine("error", (event["error"]?["message"]?.stringValue ?? "").onOneLine, .bad, isSpoken: true)
      ]
    case "span.model_request_end" where tellsAll: return [model(event)]
    case "session.status_idle":
      let reason = event["stop_reason"]?["type"]?.stringValue ?? ""
      return [
        EventLine(
          "session", reason == "requires_action" ? "waits for an answer" : "rests (\(reason))", .quiet)
      ]
    case "session.status_running": return [EventLine("session", "works", .quiet)]
    case "session.status_terminated": return [EventLine("session", "is over", .bad)]
    default: return tellsAll ? [EventLine("event", type, .quiet)] : []
    }
  }

  static func time(of event: JSON) -> Timestamp? {
    event["processed_at"]?.stringValue.flatMap { Timestamp($0) }
  }

  // MARK: Kinds of events

  private func texts(_ label: String, _ event: JSON, _ paint: Paint?) -> [EventLine] {
    // The line end of a file is no line of its own.
    var lines = EventTeller.text(of: event).safeLines
    while lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
    var told = lines.prefix(textLimit).enumerated().map { place, line in
      EventLine(place == 0 ? label : "", line, paint, isSpoken: true)
    }
    if lines.count > textLimit {
      told.append(EventLine("", "… \(EventTeller.count(lines.count - textLimit, "more line"))", .quiet))
    }
    return told
  }

  private mutating func use(_ event: JSON) -> EventLine {
    let name = (event["name"]?.stringValue ?? "tool").onOneLine
    if !open.isEmpty { isParallel = true }
    open[event["id"]?.stringValue ?? ""] = name
    let asks = event["evaluated_permission"]?.stringValue == "ask" ? "  (asks first)" : ""
    return EventLine(name, EventTeller.call(name, event["input"] ?? [:]) + asks, .running)
  }

  /// The part of a call's input that a person looks for.
  static func call(_ name: String, _ input: JSON) -> String {
    let path = input["file_path"]?.stringValue?.onOneLine
    switch name {
    case "bash": return (input["command"]?.stringValue ?? input.text).onOneLine
    case "write":
      let lines = input["content"]?.stringValue.map(EventTeller.lineCount) ?? 0
      return "\(path ?? "")  (\(EventTeller.count(lines, "line")))"
    case "glob", "grep":
      return [input["pattern"]?.stringValue, path ?? input["path"]?.stringValue].compactMap { $0?.onOneLine }
        .joined(separator: "  in ")
    case "read", "edit": return path ?? input.text.onOneLine
    default: return input.text.onOneLine
    }
  }

  private mutating func result(_ event: JSON) -> EventLine {
    let text = EventTeller.text(of: event)
    let lines = text.safeLines.map(\.trimmed).filter { !$0.isEmpty }
    let use = (event["tool_use_id"] ?? event["custom_tool_use_id"])?.stringValue
    var told = lines.first ?? "no output"
    if isParallel, let name = use.flatMap({ open[$0] }) { told = "\(name): \(told)" }
    let facts = [
      lines.count > 1 ? EventTeller.count(lines.count, "line") : nil, duration(since: use, to: event),
    ].compactMap(\.self)
    if !facts.isEmpty { told += "  (\(facts.joined(separator: ", ")))" }
    if let use { open[use] = nil }
    if open.isEmpty { isParallel = false }
    return EventLine("", "→ " + told, event["is_error"]?.boolValue == true ? .bad : .quiet)
  }

  private func verdict(_ event: JSON) -> EventLine {
    let result = event["result"]?.stringValue ?? ""
    let iteration = event["iteration"]?.intValue ?? 0
    let explanation = (event["explanation"]?.stringValue ?? "").onOneLine
    let start = event["outcome_evaluation_start_id"]?.stringValue
    let took = duration(since: start, to: event).map { " after \($0)" } ?? ""
    return EventLine(
      "verdict", "iteration \(iteration) \(result)\(took): \(explanation)", Paint.ofState(result),
      isSpoken: true)
  }

  private func model(_ event: JSON) -> EventLine {
    let usage = event["model_usage"]
    let took =
      duration(since: event["model_request_start_id"]?.stringValue, to: event).map { " in \($0)" } ?? ""
    let tokens = [usage?["input_tokens"], usage?["output_tokens"]].map { $0?.intValue ?? 0 }
    return EventLine("model", "\(tokens[0]) tokens in, \(tokens[1]) out\(took)", .quiet)
  }

  // MARK: Parts

  private func duration(since id: String?, to event: JSON) -> String? {
    guard let start = id.flatMap({ began[$0] }), let end = EventTeller.time(of: event) else { return nil }
    return TimeWords.duration(end - start)
  }

  static func text(of event: JSON) -> String {
    (event["content"]?.arrayValue ?? []).compactMap { block in
      block["text"]?.stringValue ?? block["type"]?.stringValue.map { "[\($0)]" }
    }.joined(separator: "\n")
  }

  private static func lineCount(_ text: String) -> Int {
    text.textLines.count - (text.endsLine ? 1 : 0)
  }

  static func count(_ number: Int, _ word: String) -> String {
    "\(number) \(word)\(number == 1 ? "" : "s")"
  }
}
