import JSON
import Primitives

/// A run from its trigger to its deliveries, as lines.
struct RunStory {
  let run: JSON
  let terminal: Terminal
  let now: Timestamp

  var lines: [String] {
    [head] + reason + [""] + path + attempts + evaluations + files + deliveries + [""] + more
  }

  private func text(_ key: String) -> String? { run[key]?.stringValue?.onOneLine }

  private var head: String {
    let state = text("state") ?? ""
    var head = "\(text("id") ?? "")  \(text("job") ?? "")  "
    head += terminal.paint(state.replacing("_", with: " "), Paint.ofState(state))
    if let took = TimeWords.between(text("created_at"), text("ended_at")) { head += " after \(took)" }
    return head
  }

  private var reason: [String] {
    var sentences = [text("reason")].compactMap(\.self)
    if let ending = text("ending"), run["ended_at"]?.isNull != false {
      sentences.append("It is being \(ending).")
    }
    return sentences.map { TimeWords.local($0, in: run["timezone"]?.stringValue) }.flatMap {
      $0.wrapped(to: (terminal.width ?? 100) - 2)
    }.map { "  \($0)" }
  }

  private func line(_ label: String, _ text: String) -> String {
    terminal.paint(label.padded(to: 10), .quiet) + text
  }

  private var path: [String] {
    let trigger = run["trigger"]
    let kind = trigger?["kind"]?.stringValue ?? ""
    var fired = kind == "manual" ? "by hand" : "by its \(kind) \(trigger?["id"]?.stringValue ?? "")"
    if kind == "schedule", let nominal = trigger?["time"]?.stringValue {
      fired += " for \(TimeWords.full(nominal, in: run["timezone"]?.stringValue))"
    }
    let actor = trigger?["actor"]
    if let name = actor?["name"]?.stringValue, name != "the owner" {
      fired += ", set off by \(name.onOneLine) (\(actor?["lane"]?.stringValue ?? ""))"
    }
    if let receipt = trigger?["receipt_id"]?.stringValue { fired += ", receipt \(receipt)" }
    var lines = [
      line("fired", "\(fired), \(TimeWords.relative(text("created_at"), to: now))"),
      line("", "firing \(text("firing_id") ?? "")"),
    ]
    if let waited = TimeWords.between(text("created_at"), text("started_at")) {
      lines.append(line("queued", waited))
    }
    if let worked = TimeWords.between(text("started_at"), text("ended_at")) {
      lines.append(line("worked", worked))
    }
    return lines
  }

  private var attempts: [String] {
    let listed = run["attempts"]?.arrayValue ?? []
    return listed.map { attempt in
      let number = attempt["number"]?.intValue ?? 1
      var told =
        "\(number) of \(run["max_attempts"]?.intValue ?? number)  \(attempt["session_id"]?.stringValue ?? "")"
      if listed.count > 1, let reason = attempt["reason"]?.stringValue { told += "  \(reason.onOneLine)" }
      return line("attempt", told)
    }
  }

  private var evaluations: [String] {
    (run["evaluations"]?.arrayValue ?? []).flatMap { evaluation in
      RunStory.evaluation(evaluation, on: terminal).enumerated().map { place, told in
        line(place == 0 ? "iteration" : "", told)
      }
    }
  }

  /// An evaluation: its result, every check, every criterion with its evidence.
  static func evaluation(_ evaluation: JSON, on terminal: Terminal) -> [String] {
    let result = evaluation["result"]?.stringValue ?? ""
    var head = "\(evaluation["iteration"]?.intValue ?? 0)  " + terminal.paint(result, Paint.ofState(result))
    if let took = TimeWords.between(
      evaluation["started_at"]?.stringValue, evaluation["ended_at"]?.stringValue)
    {
      head += "  in \(took)"
    }
    var lines = [head]
    for check in evaluation["checks"]?.arrayValue ?? [] {
      let passed = check["passed"]?.boolValue == true
      var told = "check “\((check["name"]?.stringValue ?? "").onOneLine)”"
      if !passed {
        told += " exit \(check["exit_code"]?.intValue ?? 1)"
        let output = (check["output"]?.stringValue ?? "").onOneLine
        if !output.isEmpty { told += ": \(output)" }
      }
      lines.append("   \(mark(passed, terminal)) \(told)")
    }
    for criterion in evaluation["criteria"]?.arrayValue ?? [] {
      let met = criterion["met"]?.boolValue == true
      let words = [criterion["criterion"], criterion["evidence"]].compactMap { $0?.stringValue?.onOneLine }
      // What stands before it on the line: the label's column, the mark.
      let room = max(20, (terminal.width ?? 10_000) - 15)
      let told = words.filter { !$0.isEmpty }.joined(separator: ": ").wrapped(to: room)
      for (place, part) in told.enumerated() {
        lines.append(place == 0 ? "   \(mark(met, terminal)) \(part)" : "     \(part)")
      }
    }
    if evaluation["graded"]?.boolValue == false {
      lines.append(terminal.paint("   the grader was not asked", .quiet))
    }
    return lines
  }

  private static func mark(_ good: Bool, _ terminal: Terminal) -> String {
    terminal.paint(good ? "✓" : "✗", good ? .good : .bad)
  }

  private var files: [String] {
    (run["result"]?["files"]?.arrayValue ?? []).enumerated().map { place, file in
      let size = file["size_bytes"]?.integerValue ?? 0
      let name = (file["filename"]?.stringValue ?? "").onOneLine
      return line(
        place == 0 ? "files" : "", "\(name)  \(RunStory.size(size))  \(file["id"]?.stringValue ?? "")")
    }
  }

  /// Bytes, as one reads them.
  static func size(_ bytes: Int64) -> String {
    if bytes < 1000 { return "\(bytes) B" }
    if bytes < 999_950 { return "\((bytes + 50) / 100 / 10).\((bytes + 50) / 100 % 10) kB" }
    return "\((bytes + 50_000) / 100_000 / 10).\((bytes + 50_000) / 100_000 % 10) MB"
  }

  private var deliveries: [String] {
    (run["deliveries"]?.arrayValue ?? []).enumerated().map { place, delivery in
      let state = delivery["state"]?.stringValue ?? ""
      let told = terminal.paint(state, Paint.ofState(state)) + " to \(DeliveryWords.target(delivery))"
      let after = DeliveryWords.after(delivery, now: now)
      return line(place == 0 ? "delivery" : "", told + (after.isEmpty ? "" : ": \(after)"))
    }
  }

  private var more: [String] {
    guard let id = text("id") else { return [] }
    return [terminal.paint("What the agent did: errand logs \(id)", .quiet)]
  }
}

/// What is said about a delivery.
enum DeliveryWords {
  /// `directory /srv/briefs`, `webhook ${env:CALLBACK_URL}`.
  static func target(_ delivery: JSON) -> String {
    let kind = delivery["kind"]?.stringValue ?? ""
    let place = delivery["target"]?["path"] ?? delivery["target"]?["url"]
    return place?.stringValue.map { "\(kind) \($0.onOneLine)" } ?? kind
  }

  /// What came of it so far: the receipt, or the last error and when it is tried again.
  static func after(_ delivery: JSON, now: Timestamp) -> String {
    let tries = delivery["attempts"]?.intValue ?? 0
    var words: [String] = []
    if let receipt = delivery["receipt"], !receipt.isNull {
      if let path = receipt["path"]?.stringValue { words.append(path.onOneLine) }
      if let status = receipt["status"]?.intValue { words.append("answered \(status)") }
      words += ["pull_request", "comment"].compactMap { receipt[$0]?["url"]?.stringValue?.onOneLine }
      if let note = receipt["note"]?.stringValue { words.append(note.onOneLine) }
    } else if let error = delivery["last_error"]?.stringValue {
      words.append(error.onOneLine)
    }
    if tries > 1 { words.append("\(tries) tries") }
    if let next = delivery["next_at"]?.stringValue, tries > 0 {
      words.append("next try \(TimeWords.relative(next, to: now))")
    }
    // A sentence that goes on loses its full stop.
    return words.enumerated().map { $0 < words.count - 1 && $1.hasSuffix(".") ? String($1.dropLast()) : $1 }
      .joined(separator: ", ")
  }
}
