import JSON
package import Primitives
package import Queue
package import Store

/// The sessions: append-only logs with a status, and the one door for input.
///
/// An input arrives (`append`), gets its place in the log when the driver takes it (`take`), and the driver's
/// events follow it (`record`). When the driver has no more to do, `settle` writes the closing events, unless
/// input has come in the meantime. Each of these is one transaction, in which the session is one `edit`, and the
/// caller's own changes ride along.
package final class Sessions: Sendable {
  package static let ids = IDTable("sesn", in: "sessions")

  package let database: Database
  package let queue: Queue
  package let time: Time
  let randomness: Randomness
  let signals = Signals()
  let recentLogs = RecentLogs()
  /// Set once, before the first session: Runs needs the sessions to be made itself.
  private let attached = Lock<(any Settling)?>(nil)

  package init(
    database: Database, queue: Queue, time: Time = .system, randomness: Randomness = .system
  ) {
    self.database = database
    self.queue = queue
    self.time = time
    self.randomness = randomness
  }

  /// Lets `settling` take part in the transactions in which sessions start and stop working.
  package func attach(_ settling: any Settling) {
    attached.withLock { $0 = settling }
  }

  var settling: (any Settling)? { attached.withLock { $0 } }

  // MARK: Reading

  /// - Throws: `SessionError.notFound`.
  package func session(_ tx: Transaction, _ id: String) throws -> Session {
    if let edit: SessionEdit = tx.edited(Sessions.name(of: id)) { return try edit.current() }
    return try load(tx, id)
  }

  /// Changes a session: its row is locked, loaded once, and saved once, whoever else changes it in the same
  /// transaction.
  /// - Throws: `SessionError.notFound`.
  package func edit<Result>(_ tx: Transaction, _ id: String, _ body: (SessionEdit) throws -> Result) throws
    -> Result
  {
    try tx.edit(
      Sessions.name(of: id),
      load: {
        try tx.lock(row: id, of: "sessions")
        return SessionEdit(tx, try load(tx, id), of: self)
      }, body)
  }

  private static func name(of id: String) -> String { "session \(id)" }

  private func load(_ tx: Transaction, _ id: String) throws -> Session {
    guard let row = try tx.row("\(Sessions.columns) WHERE s.id = $1", id) else {
      throw SessionError.notFound(id: id)
    }
    return try Session(row)
  }

  /// What is true of inputs that no driver has taken. That they have an arrival says nothing new, but has them
  /// looked up in their own index: without it the whole log may be read.
  static let isUnread = "position IS NULL AND arrival > 0"

  /// A session's row, and whether input waits that starts its next turn.
  static let columns = """
    SELECT s.*, EXISTS (
      SELECT 1 FROM events e WHERE e.session_id = s.id AND \(isUnread) AND e.type <> 'user.interrupt'
        AND (s.blocked = '[]'
          OR e.type IN ('user.tool_confirmation', 'user.custom_tool_result', 'user.tool_result'))
    ) AS is_due FROM sessions s
    """

  /// The log in order, after a position; 0 is everything.
  package func log(_ tx: Transaction, _ id: String, after position: Int64 = 0) throws -> [Event] {
    try tx.rows(
      "SELECT * FROM events WHERE session_id = $1 AND position > $2 ORDER BY position", id, position
    ).map(Event.init)
  }

  /// An event of a session by its id.
  package func event(_ tx: Transaction, _ id: String, _ event: String) throws -> Event? {
    try tx.row("SELECT * FROM events WHERE id = $1 AND session_id = $2", event, id).map(Event.init)
  }

  /// The latest event of a type in the log.
  package func last(_ tx: Transaction, _ id: String, _ type: EventType) throws -> Event? {
    try tx.row(
      """
      SELECT * FROM events WHERE session_id = $1 AND type = $2 AND position IS NOT NULL
      ORDER BY revision DESC LIMIT 1
      """, id, type
    ).map(Event.init)
  }

  /// The ends of an outcome's evaluations, in their order; without that of an interrupt before there was one.
  package func evaluations(_ tx: Transaction, _ id: String, of outcome: String) throws -> [Event] {
    try tx.rows(
      """
      SELECT * FROM events WHERE session_id = $1 AND type = $2 AND position IS NOT NULL ORDER BY revision
      """, id, EventType.evaluationEnd
    ).map(Event.init).filter {
      $0.body["outcome_id"]?.stringValue == outcome
        && $0.body["outcome_evaluation_start_id"]?.stringValue?.isEmpty == false
    }
  }

  /// Inputs that no driver has taken, in the order they came.
  package func unread(_ tx: Transaction, _ id: String) throws -> [Event] {
    try tx.rows(
      "SELECT * FROM events WHERE session_id = $1 AND \(Sessions.isUnread) ORDER BY arrival", id
    ).map(Event.init)
  }

  // MARK: Creating

  /// Creates a session with its first inputs, which make it due; without any it rests until `append`.
  /// - Parameter now: its age is counted from then; nil reads the clock.
  @discardableResult
  package func create(
    _ tx: Transaction, _ new: NewSession, inputs: [NewEvent] = [], at now: Timestamp? = nil
  ) throws -> Session {
    let now = now ?? time.now()
    var session = Session(
      new, id: new.id ?? ID.make("sesn", at: now, randomness), thread: ID.make("sthr", at: now, randomness),
      at: now)
    let events = try arrive(inputs, in: &session, at: now)
    session.isDue = events.contains { $0.type != .userInterrupt }
    try tx.run(
      """
      INSERT INTO sessions (id, thread_id, status, agent, environment_id, environment, title, metadata, resources,
        checks, rehearsal, slot_name, slot_limit, created_at, updated_at, agent_id, agent_version, outcomes,
        last_arrival, revision)
      VALUES ($1, $2, 'idle', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14, $15, $16, $17, $18)
      """,
      session.id, session.threadID, new.agent, new.environmentID, new.environment, new.title,
      JSON.object(new.metadata), JSON.array(new.resources), JSON.array(new.checks.map(\.json)), new.rehearsal,
      new.slot?.name, new.slot?.limit, now, session.agent["id"]?.stringValue,
      session.agent["version"]?.intValue,
      JSON.array(session.outcomes.map(\.stored)), session.lastArrival, session.revision)
    for event in events { try insert(tx, session.id, event) }
    if !events.isEmpty { try queue.push(tx, .session, session.id, due: now, slot: session.slot) }
    return session
  }

  // MARK: Writing the log

  func insert(
    _ tx: Transaction, _ session: String, _ event: Event, key: String? = nil, place: Int? = nil
  ) throws {
    try tx.run(
      """
      INSERT INTO events (id, session_id, type, body, hidden, position, arrival, revision, processed_at,
        idempotency_key, idempotency_place, batch, answers)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
      """,
      event.id, session, event.type, JSON.object(event.body), event.hidden, event.position,
      event.arrival, event.revision, event.processedAt, key, place,
      event.batch, event.answers)
  }
}

extension Event {
  init(_ row: Row) throws {
    self.init(
      id: try row["id"], type: try row["type"],
      body: (try row["body"] as JSON).objectValue ?? [:], hidden: try row["hidden"],
      position: try row["position"], arrival: try row["arrival"], batch: try row["batch"],
      revision: try row["revision"],
      processedAt: try row["processed_at"])
  }
}
