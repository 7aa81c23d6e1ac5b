import JSON
import Primitives
import Store

/// What an id is the id of.
enum ThingKind: String, CaseIterable {
  case run, firing, delivery, receipt, session, file, agent, environment, job
  /// Those that are told only with what they belong to.
  case event, thread, resource, key

  /// Told by the word with which the id begins; whatever has none is a job's name.
  init(id: String) {
    let word = ID.kind(of: id)
    self = ThingKind.allCases.first { $0.word == word && word != nil } ?? .job
  }

  private var word: String? {
    switch self {
    case .run: "run"
    case .firing: "drun"
    case .delivery: "dlv"
    case .receipt: "rcpt"
    case .session: "sesn"
    case .file: "file"
    case .agent: "agent"
    case .environment: "env"
    case .event: "sevt"
    case .thread: "sthr"
    case .resource: "sesrsc"
    case .key: "apikey"
    case .job: nil
    }
  }

  /// Where one reads of what is told only with what it belongs to; nil for all that has a story of its own.
  var teller: String? {
    switch self {
    case .event: "`errand logs` of its run or session shows what happened there."
    case .thread: "`errand sessions get` tells of its session."
    case .resource: "`errand sessions resources` lists those of a session."
    case .key: "`errand keys` lists all of them."
    default: nil
    }
  }

  /// Where the API has it, below `/v1`. What is told only with what it belongs to is not to be found by its id.
  func path(_ id: String) -> [String] {
    switch self {
    case .run: ["runs", id]
    case .firing: ["firings", id]
    case .delivery: ["deliveries", id]
    // Its body is kept as it came, and shown to nobody.
    case .receipt: ["why", id]
    case .session: ["sessions", id]
    case .file: ["files", id]
    case .agent: ["agents", id]
    case .environment: ["environments", id]
    case .job: id.hasPrefix("depl_") ? ["why", id] : ["jobs", id]
    case .event, .thread, .resource, .key: ["why", id]
    }
  }
}

/// Anything but a run, as lines: what it is, why it is so, and where to read on.
struct ThingStory {
  let kind: ThingKind
  let id: String
  /// As the API shows it.
  let thing: JSON
  /// What `/v1/why` says of it.
  let why: JSON
  let terminal: Terminal
  let now: Timestamp

  var lines: [String] {
    let sentence = TimeWords.local(
      (why["sentence"]?.stringValue ?? "").onOneLine, in: why["timezone"]?.stringValue)
    let told = sentence.wrapped(to: (terminal.width ?? 100) - 2).map { "  \($0)" }
    let more = next.map { terminal.paint("\($0.what): \($0.command)", .quiet) }
    let parts = [[head] + told, facts.map(line), more].filter { !$0.isEmpty }
    return Array(parts.joined(separator: [""]))
  }

  private var head: String {
    var head = id
    if kind != .job { head += "  \(kind.rawValue)" }
    if let name = text("name") ?? text("filename") ?? text("job"), name != id { head += "  \(name)" }
    guard let state = why["state"]?.stringValue else { return head }
    return head + "  " + terminal.paint(state.replacing("_", with: " "), Paint.ofState(state))
  }

  private func text(_ path: String...) -> String? {
    let value = path.reduce(thing as JSON?) { $0?[$1] }
    return value?.stringValue?.onOneLine ?? value?.integerValue.map(String.init)
  }

  private func line(_ label: String, _ text: String) -> String {
    terminal.paint(label.padded(to: 10), .quiet) + text
  }

  /// By whose clocks its times are told; nil for this machine's.
  private var zone: String? { thing["timezone"]?.stringValue ?? why["timezone"]?.stringValue }

  private func time(_ key: String) -> String? {
    text(key).map { "\(TimeWords.full($0, in: zone)), \(TimeWords.relative($0, to: now))" }
  }

  private var facts: [(String, String)] {
    let facts: [(String, String?)] =
      switch kind {
      case .firing:
        [
          ("by", by), ("for", time("nominal_at")), ("fired", time("created_at")),
          ("decided", time("decided_at")), ("key", text("key")), ("run", text("run_id")),
          ("receipt", text("receipt_id")),
        ]
      case .delivery:
        [
          ("to", DeliveryWords.target(thing)), ("run", text("run_id")), ("made", time("created_at")),
          ("so far", DeliveryWords.after(thing, now: now)),
        ]
      case .session:
        [("agent", text("agent", "name")), ("title", text("title")), ("made", time("created_at"))]
      case .file:
        [
          ("size", text("size_bytes").flatMap(Int64.init).map(RunStory.size)), ("type", text("mime_type")),
          ("session", text("scope", "id")), ("made", time("created_at")),
        ]
      case .agent:
        [("version", text("version")), ("model", text("model", "id")), ("changed", time("updated_at"))]
      case .environment: [("network", text("config", "networking", "type")), ("changed", time("updated_at"))]
      case .job:
        [
          ("does", text("description")),
          ("starts by", (thing["triggers"]?.arrayValue ?? []).map(ListJobs.words).joined(separator: ", ")),
        ]
      case .run, .receipt, .event, .thread, .resource, .key: []
      }
    return facts.compactMap { label, text in
      text.flatMap { $0.isEmpty ? nil : (label, $0) }
    }
  }

  /// `schedule daily`, `manual`, with whoever set it off.
  private var by: String {
    let kind = text("kind") ?? ""
    let trigger = kind == "manual" ? "hand" : "\(kind) \(text("trigger") ?? "")"
    guard let actor = text("actor", "name"), actor != "the owner" else { return trigger }
    return "\(trigger), set off by \(actor) (\(text("actor", "lane") ?? ""))"
  }

  /// What to ask next.
  private var next: [(what: String, command: String)] {
    switch kind {
    case .firing:
      if let run = text("run_id") { return [("Its run", "errand show \(run)")] }
      return thing["decision"]?.isNull == false ? [] : [("Call it off", "errand cancel \(id)")]
    case .delivery:
      let run = text("run_id").map { [("Its run", "errand show \($0)")] } ?? []
      return text("state") == "dead" ? run + [("Send it again", "errand deliveries retry \(id)")] : run
    case .session:
      return [("What its agent did", "errand logs \(id)"), ("All of it", "errand sessions get \(id)")]
    case .file:
      let download = thing["downloadable"]?.boolValue == true
      return download ? [("Its content", "errand files download \(id)")] : []
    case .agent: return [("All of it", "errand agents get \(id)")]
    case .environment: return [("All of it", "errand environments get \(id)")]
    case .job:
      // Asked for by its id, there is only the sentence.
      guard let name = text("name") else { return [] }
      return [("Its runs", "errand runs --job \(name)"), ("All of it", "errand show \(name) --json")]
    case .run, .receipt, .event, .thread, .resource, .key: return []
    }
  }
}
