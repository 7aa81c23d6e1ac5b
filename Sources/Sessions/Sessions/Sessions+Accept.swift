package import Catalog
import JSON
import Reading
package import Store

// What a client sends must fit the session's state; what Errand itself appends always does.
extension Sessions {
  /// Checks a client's inputs against the session and appends them: all of them, or none.
  /// - Parameters:
  ///   - files: resolves the files that inputs name.
  ///   - field: the request's field that holds the inputs, for the sentences.
  ///   - key: as of `append`: whose it is, a line end, and the key; or the key alone.
  /// - Throws: `SessionError`.
  package func accept(
    _ tx: Transaction, to id: String, _ inputs: [NewEvent], files: Files, field: String = "events",
    key: String? = nil
  ) throws -> [Event] {
    if let key, let earlier = try earlier(tx, id, key) {
      guard earlier.elementsEqual(inputs, by: { $0.repeats($1) }) else {
        throw SessionError.keyUsed(id: id, key: Sessions.bare(key))
      }
      return earlier
    }
    return try edit(tx, id) { edit in
      if let reason = edit.session.closing { throw SessionError.closed(id: id, reason: reason) }
      try checkRoom(tx, id, inputs)
      var acceptance = Acceptance(sessions: self, session: edit.session, files: files)
      let checked = try inputs.enumerated().map { place, input in
        try acceptance.check(tx, input, "\(field)[\(place)]", before: inputs.dropFirst(place + 1).first)
      }
      return try edit.append(checked, key: key)
    }
  }

  /// The most inputs of a session that wait for the agent.
  static let queueLimit = 1000

  static let unreadCount = "SELECT COUNT(*) AS waiting FROM events WHERE session_id = $1 AND \(isUnread)"

  /// Answers and interrupts always find room: they make some.
  private func checkRoom(_ tx: Transaction, _ id: String, _ inputs: [NewEvent]) throws {
    let new = inputs.count { $0.type.startsWork }
    if new == 0 { return }
    let waiting = try tx.row(Sessions.unreadCount, id)
    if (try waiting?["waiting"] as Int? ?? 0) + new > Sessions.queueLimit {
      throw SessionError.queueFull(id: id, limit: Sessions.queueLimit)
    }
  }
}

extension Event {
  /// Whether it is what is stored of an input. The server adds an outcome's id and a rubric's text.
  fileprivate func repeats(_ input: NewEvent) -> Bool {
    var (stored, given) = (body, input.body)
    for key in ["outcome_id", "rubric"] {
      stored[key] = nil
      given[key] = nil
    }
    return type == input.type && stored == given
  }
}

/// One request's inputs, checked in their order: what comes earlier in it counts for what comes later.
private struct Acceptance {
  let sessions: Sessions
  let session: Session
  let files: Files
  /// Tool uses that this request answers.
  private var answered: Set<String> = []
  private var interrupts = false
  private var definesOutcome = false
  private var hasSystemMessage = false
  private var previous: EventType?

  init(sessions: Sessions, session: Session, files: Files) {
    self.sessions = sessions
    self.session = session
    self.files = files
  }

  mutating func check(_ tx: Transaction, _ input: NewEvent, _ place: String, before next: NewEvent?) throws
    -> NewEvent
  {
    defer { previous = input.type }
    if let thread = input.body["session_thread_id"]?.stringValue, thread != session.threadID {
      throw SessionError.noThread(id: thread, session: session.id)
    }
    let input = try attached(tx, input, place)
    switch input.type {
    case .userInterrupt: interrupts = true
    case .userMessage: try requireAnswers(tx)
    case .systemMessage: try checkSystemMessage(place, before: next)
    case .userToolConfirmation, .userToolResult, .userCustomToolResult: try checkAnswer(tx, input, place)
    case .userDefineOutcome:
      try requireAnswers(tx)
      if definesOutcome { throw SessionError.outcomeActive(id: session.id) }
      definesOutcome = true
      return try resolved(tx, input, place)
    default: break
    }
    return input
  }

  /// Copies the files that the content names: they may be deleted before the agent reads of them.
  private func attached(_ tx: Transaction, _ input: NewEvent, _ place: String) throws -> NewEvent {
    let named = ContentBlocks.files(in: input.body["content"])
    if named.isEmpty { return input }
    var known: JSON.Object = [:]
    for (id, block, kind) in named {
      let place = "\(place).content[\(block)].source.file_id"
      if let type = known[id]?["mime_type"]?.stringValue {
        try fit(type, kind, place)
        continue
      }
      let copy = try naming(place) { try files.mount(tx, id, in: session.id) }
      try fit(copy.mimeType, kind, place)
      known[id] = [
        "sha256": .string(copy.content.sha256), "size": .integer(copy.content.size),
        "mime_type": .string(copy.mimeType),
      ]
    }
    var attached = input
    attached.hidden = ["files": .object(known)]
    return attached
  }

  private func fit(_ mimeType: String, _ kind: ContentBlocks.Kind?, _ place: String) throws {
    if let problem = ContentBlocks.problem(of: kind, mimeType: mimeType) {
      throw SessionError.invalidInput(place: place, problem: problem)
    }
  }

  /// A file that is not there is the mistake of whoever named it: the sentence says where.
  private func naming<Found>(_ place: String, _ find: () throws -> Found) throws -> Found {
    do {
      return try find()
    } catch let error as FilesError {
      switch error {
      case .notFound, .expired: throw SessionError.invalidInput(place: place, problem: error.description)
      default: throw error
      }
    }
  }

  /// Work cannot start while the agent waits for answers.
  private func requireAnswers(_ tx: Transaction) throws {
    var open = session.blocked.filter { !answered.contains($0) }
    if open.isEmpty || interrupts { return }
    // What was sent before may not be taken yet.
    for event in try sessions.unread(tx, session.id) {
      if event.type == .userInterrupt { return }
      open.removeAll { $0 == event.answeredCall }
    }
    if !open.isEmpty { throw SessionError.awaitsAnswers(id: session.id, events: open) }
  }

  /// It belongs to the message or result beside it.
  private mutating func checkSystemMessage(_ place: String, before next: NewEvent?) throws {
    let neighbours: [EventType] = [.userMessage, .userToolResult, .userCustomToolResult]
    guard !hasSystemMessage else {
      throw SessionError.invalidInput(
        place: place, problem: "Expected at most one system.message in a request.")
    }
    let follows = previous.map(neighbours.contains) == true && next == nil
    let leads = previous == nil && next.map { neighbours.contains($0.type) } == true
    guard follows || leads else {
      throw SessionError.invalidInput(
        place: place, problem: "Expected a system.message beside a user.message or a tool's result.")
    }
    hasSystemMessage = true
  }

  private mutating func checkAnswer(_ tx: Transaction, _ input: NewEvent, _ place: String) throws {
    let isCustom = input.type == .userCustomToolResult
    let field = isCustom ? "custom_tool_use_id" : "tool_use_id"
    let id = input.body[field]?.stringValue ?? ""
    func refuse(_ problem: String) -> SessionError {
      .invalidInput(place: "\(place).\(field)", problem: problem)
    }
    if input.type == .userToolResult, session.environment["type"]?.stringValue != "self_hosted" {
      throw SessionError.invalidInput(
        place: "\(place).type",
        problem: "Tools of this session run on the server; only sessions in self_hosted environments take "
          + "user.tool_result.")
    }
    let use = try sessions.event(tx, id, of: session.id)
    guard let use, use.type == (isCustom ? .agentCustomToolUse : .agentToolUse) else {
      let kind = isCustom ? "agent.custom_tool_use" : "agent.tool_use"
      throw refuse("The session has no \(kind) event \(quoted(id)).")
    }
    if input.type == .userToolConfirmation, use.body["evaluated_permission"]?.stringValue != "ask" {
      throw refuse("The tool use \(id) needs no confirmation.")
    }
    if input.type == .userToolResult, use.body["evaluated_permission"]?.stringValue == "ask",
      try !sessions.isAnswered(tx, use, in: session.id, by: .userToolConfirmation)
    {
      throw refuse("The tool use \(id) needs a user.tool_confirmation before its result.")
    }
    if try !answered.insert(id).inserted || sessions.isAnswered(tx, use, in: session.id, by: input.type) {
      throw refuse("The tool use \(id) is answered already.")
    }
  }

  /// The rubric of a file becomes text, so that the file may go.
  private func resolved(_ tx: Transaction, _ input: NewEvent, _ place: String) throws -> NewEvent {
    guard let id = input.body["rubric"]?["file_id"]?.stringValue else { return input }
    let place = "\(place).rubric.file_id"
    let content = try naming(place) { try files.file(tx, id) }.content
    // A character has at most four bytes.
    let bytes = try files.bytes(of: content, limit: Int64(Input.rubricLimit) * 4)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw SessionError.invalidInput(place: place, problem: "The file \(id) is not a UTF-8 text.")
    }
    guard text.unicodeScalars.count <= Input.rubricLimit, text.contains(where: { !$0.isWhitespace }) else {
      throw SessionError.invalidInput(
        place: place, problem: "Expected a text of 1 to \(Input.rubricLimit) characters in the file \(id).")
    }
    var resolved = input
    resolved.body["rubric"] = ["type": "text", "content": .string(text)]
    return resolved
  }
}

extension Sessions {
  func event(_ tx: Transaction, _ id: String, of session: String) throws -> Event? {
    try tx.row("SELECT * FROM events WHERE id = $1 AND session_id = $2", id, session).map(Event.init)
  }

  /// Whether a tool use has its result, or an answer of this type that may still wait.
  func isAnswered(_ tx: Transaction, _ use: Event, in session: String, by type: EventType) throws -> Bool {
    let query = Sessions.answers(to: use.id, in: session, by: type)
    return try tx.rows(query.sql, values: query.values).isEmpty == false
  }

  static func answers(
    to use: String, in session: String, by type: EventType
  ) -> (sql: String, values: [(any ColumnValue)?]) {
    var conditions = Conditions()
    conditions.add("answers = $", use)
    conditions.add("session_id = $", session)
    conditions.add("type", in: [EventType.agentToolResult.rawValue, type.rawValue])
    return ("SELECT 1 AS found FROM events \(conditions.clause) LIMIT 1", conditions.values)
  }
}
