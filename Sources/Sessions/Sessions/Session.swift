package import JSON
package import Primitives
package import Queue
package import Store

extension ItemKind {
  /// Drive the session that the item refers to.
  package static let session = ItemKind(rawValue: "session")
}

/// What a session is made from. Everything in it is a copy: later edits of the agent or the job change
/// nothing here.
package struct NewSession: Sendable {
  /// Given when it must be known before; else one is made.
  package var id: String?
  /// The agent's snapshot, as the wire shows it.
  package var agent: WrittenJSON
  package var environmentID: String?
  /// The environment's `config`.
  package var environment: WrittenJSON
  package var title: String?
  package var metadata: JSON.Object
  /// Resource objects of the wire. A `file` resource also holds `sha256`, which the wire does not show.
  package var resources: [JSON]
  package var checks: [Check]
  /// What to play instead of asking models; nil asks them.
  package var rehearsal: JSON?
  /// How many sessions of a group are driven at once.
  package var slot: Slot?

  package init(
    agent: JSON, environmentID: String?, environment: JSON, title: String? = nil,
    metadata: JSON.Object = [:], resources: [JSON] = [], checks: [Check] = [], rehearsal: JSON? = nil,
    slot: Slot? = nil
  ) {
    self.init(
      agent: WrittenJSON(agent), environmentID: environmentID, environment: WrittenJSON(environment),
      title: title, metadata: metadata, resources: resources, checks: checks, rehearsal: rehearsal, slot: slot
    )
  }

  package init(
    agent: WrittenJSON, environmentID: String?, environment: WrittenJSON, title: String? = nil,
    metadata: JSON.Object = [:], resources: [JSON] = [], checks: [Check] = [], rehearsal: JSON? = nil,
    slot: Slot? = nil
  ) {
    self.agent = agent
    self.environmentID = environmentID
    self.environment = environment
    self.title = title
    self.metadata = metadata
    self.resources = resources
    self.checks = checks
    self.rehearsal = rehearsal
    self.slot = slot
  }
}

/// A session's row: its snapshot and its state, but not its log.
package struct Session: Sendable, Equatable {
  package enum Status: String, Sendable, CaseIterable {
    case idle, running, rescheduling, terminated
  }

  /// What there is of the session on the disk of the machine it works on.
  enum Workspace: String, Sendable {
    case none
    case live
    /// Given up; whoever works on that machine removes it.
    case finished
  }

  package var id: String
  /// The primary thread's id.
  package var threadID: String
  package var status: Status
  /// Whether `session.status_running` was written and no closing status since.
  package var turnOpen: Bool
  package var stopReason: JSON?
  /// Ids of the tool uses that wait for an answer. The stop reason names those that waited when it was written.
  package var blocked: [String]
  package var agent: JSON
  package var environmentID: String?
  package var environment: JSON
  package var title: String?
  package var metadata: JSON.Object
  package var resources: [JSON]
  package var checks: [Check]
  /// Every outcome that was defined; only the last can be active.
  package var outcomes: [Outcome]
  package var rehearsal: JSON?
  package var slot: Slot?
  var workspace = Workspace.none
  /// Set once the session takes no input any more: why.
  package var closing: String?
  package var usage: Usage
  /// Searches of the web that brought findings.
  package var webSearches = 0
  /// Time with an open turn, the current one not counted.
  package var active: Duration
  package var runningSince: Timestamp?
  /// When the open turn began by the clock that nobody sets, and the boot that this counts from.
  var elapsedSince: Duration?
  var boot: String?
  package var lastPosition: Int64
  package var lastArrival: Int64
  package var revision: Int64
  package var createdAt: Timestamp
  package var updatedAt: Timestamp
  package var archivedAt: Timestamp?
  /// When it became terminated, which is not always its last change.
  package var terminatedAt: Timestamp?
  /// Whether input waits that starts the next turn.
  package var isDue: Bool

  /// The status that clients see: a session that has got work counts as running before anybody drives it.
  package var shownStatus: Status { status == .idle && isDue && closing == nil ? .running : status }

  /// Whether a turn is open, paused or about to open.
  package var isBusy: Bool { shownStatus == .running || shownStatus == .rescheduling }

  /// Whether it rests until its client answers. When every answer is there and none is taken up yet, `blocked` is
  /// empty already.
  var isWaiting: Bool { !turnOpen && stopReason?["type"] == "requires_action" }

  package var agentName: String { agent["name"]?.stringValue ?? "agent" }

  /// The outcome that is being worked on; one that is still queued is not.
  package var activeOutcome: Outcome? {
    outcomes.last.flatMap { $0.result.isTerminal || $0.result == .pending ? nil : $0 }
  }

  /// A session that is new and rests.
  init(_ new: NewSession, id: String, thread: String, at now: Timestamp) {
    self.id = id
    threadID = thread
    status = .idle
    turnOpen = false
    blocked = []
    agent = new.agent.json
    environmentID = new.environmentID
    environment = new.environment.json
    title = new.title
    metadata = new.metadata
    resources = new.resources
    checks = new.checks
    outcomes = []
    rehearsal = new.rehearsal
    slot = new.slot
    usage = Usage()
    active = .zero
    lastPosition = 0
    lastArrival = 0
    revision = 0
    createdAt = now
    updatedAt = now
    isDue = false
  }

  init(_ row: Row) throws {
    id = try row["id"]
    threadID = try row["thread_id"]
    status = Status(rawValue: try row["status"]) ?? .terminated
    turnOpen = try row["turn_open"]
    stopReason = try row["stop_reason"]
    blocked = (try row["blocked"] as JSON).arrayValue?.compactMap(\.stringValue) ?? []
    agent = try row["agent"]
    environmentID = try row["environment_id"]
    environment = try row["environment"]
    title = try row["title"]
    metadata = (try row["metadata"] as JSON).objectValue ?? [:]
    resources = (try row["resources"] as JSON).arrayValue ?? []
    checks = (try row["checks"] as JSON).arrayValue?.map(Check.init(json:)) ?? []
    outcomes = (try row["outcomes"] as JSON).arrayValue?.map(Outcome.init(stored:)) ?? []
    rehearsal = try row["rehearsal"]
    if let name = try row["slot_name"] as String? {
      slot = Slot(name: name, limit: try row["slot_limit"])
    }
    workspace = Workspace(rawValue: try row["workspace"]) ?? .none
    closing = try row["closing"]
    webSearches = try row["web_searches"]
    usage = Usage(
      input: try row["input_tokens"], output: try row["output_tokens"],
      cacheCreation: try row["cache_creation_tokens"], cacheRead: try row["cache_read_tokens"])
    active = .microseconds(try row["active"] as Int64)
    runningSince = try row["running_since"]
    elapsedSince = (try row["elapsed_since"] as Int64?).map { .microseconds($0) }
    boot = try row["boot"]
    lastPosition = try row["last_position"]
    lastArrival = try row["last_arrival"]
    revision = try row["revision"]
    createdAt = try row["created_at"]
    updatedAt = try row["updated_at"]
    archivedAt = try row["archived_at"]
    terminatedAt = try row["terminated_at"]
    isDue = try row["is_due"]
  }

  /// The `usage` object of the session and of `session.usage`.
  package func usageJSON(at moment: Moment) -> JSON {
    [
      "input_tokens": .integer(Int64(usage.inputTokens)),
      "output_tokens": .integer(Int64(usage.outputTokens)),
      "cache_read_input_tokens": .integer(Int64(usage.cacheReadInputTokens)),
      "cache_creation": [
        "ephemeral_5m_input_tokens": .integer(Int64(usage.cacheCreationInputTokens)),
        "ephemeral_1h_input_tokens": 0,
      ],
      "server_tool_use": ["web_search_requests": .integer(Int64(webSearches)), "web_fetch_requests": 0],
      "active_seconds": .number(activeTime(at: moment).inSeconds),
    ]
  }

  /// The time since it was made, up to its termination.
  func age(at now: Timestamp) -> Duration {
    // Clocks are set back at times.
    max(.zero, (terminatedAt ?? now) - createdAt)
  }

  /// The time with an open turn. A step of the wall clock makes it neither longer nor shorter.
  ///
  /// When the machine was started again meanwhile, or the session came from another one, only the time counts in which
  /// it is known to have done something.
  func activeTime(at moment: Moment) -> Duration {
    guard let since = runningSince else { return active }
    guard let began = elapsedSince else { return active + max(.zero, moment.now - since) }
    return active + max(.zero, boot == moment.boot ? moment.elapsed - began : updatedAt - since)
  }

  /// A resource as the wire shows it.
  package static func shown(_ resource: JSON) -> JSON {
    var shown = resource.objectValue ?? [:]
    for key in RepositoryMount.hidden { shown[key] = nil }
    return .object(shown)
  }

  /// The session object of the wire.
  package func json(at moment: Moment) -> JSON {
    [
      "id": .string(id), "type": "session", "status": .string(shownStatus.rawValue), "agent": agent,
      "environment_id": environmentID.map { .string($0) } ?? .null,
      "title": title.map { .string($0) } ?? .null, "metadata": .object(metadata), "vault_ids": [],
      "resources": .array(resources.map(Session.shown)),
      "outcome_evaluations": .array(outcomes.map(\.json)), "usage": usageJSON(at: moment),
      "stats": [
        "active_seconds": .number(activeTime(at: moment).inSeconds),
        "duration_seconds": .number(age(at: moment.now).inSeconds),
      ],
      "budget": .null, "deployment_id": .null, "created_at": .string(createdAt.description),
      "updated_at": .string(updatedAt.description),
      "archived_at": archivedAt.map { .string($0.description) } ?? .null,
    ]
  }
}
