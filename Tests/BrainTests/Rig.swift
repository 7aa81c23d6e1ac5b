import Catalog
import JSON
import Logging
import Primitives
import Store
import TestSupport

@testable import Brain
@testable import Outcomes
@testable import Queue
@testable import Sessions

/// A session's world: a real database and queue, a scripted model and scripted hands, time by hand.
final class Rig: Sendable {
  let folder: TemporaryFolder
  let clock = ManualTime(Timestamp("2026-11-12T09:00:00Z")!)
  let faults = FaultPlan()
  let database: Database
  let queue: Queue
  let sessions: Sessions
  let files: Files
  let hands: ScriptedHands
  let model: any Model
  let limits: EmbeddedDriver.Limits
  /// What drivers have logged.
  let lines = Lock<[String]>([])
  private let randomness = Randomness.seeded(1)

  init(
    model: any Model, hands: ScriptedHands = ScriptedHands(),
    limits: EmbeddedDriver.Limits = EmbeddedDriver.Limits()
  ) async throws {
    folder = try TemporaryFolder()
    var options = Database.Options()
    options.faults = faults.faults
    database = try await Database.open(
      "\(folder.path)/errand.db",
      migrations: queueMigrations + Files.migrations + Sessions.migrations + Evaluations.migrations,
      options: options)
    queue = Queue(database: database, time: clock.time)
    sessions = Sessions(database: database, queue: queue, time: clock.time)
    files = try Files(directory: "\(folder.path)/files", time: clock.time)
    self.model = model
    self.hands = hands
    self.limits = limits
    hands.copies = "\(folder.path)/copies"
  }

  // MARK: Preparing

  /// What agents are offered.
  static let tools: [any ToolProvider] = [OfferedTools(), WebTools(nil)]

  static let toolset: JSON = ["type": "agent_toolset_20260401"]

  static func agent(tools: [JSON] = [toolset]) -> JSON {
    [
      "name": "tester", "model": ["id": "test-model", "effort": ["type": "low"]], "system": "Be brief.",
      "tools": .array(tools),
    ]
  }

  func session(
    agent: JSON = Rig.agent(), checks: [Check] = [], environment: JSON = ["type": "cloud"],
    inputs: [NewEvent] = [.message("Go.")]
  ) async throws -> String {
    try await database.write { [sessions] tx in
      let new = NewSession(agent: agent, environmentID: nil, environment: environment, checks: checks)
      let id = try sessions.create(tx, new).id
      if !inputs.isEmpty { try sessions.append(tx, to: id, inputs) }
      return id
    }
  }

  func send(_ id: String, _ inputs: NewEvent...) async throws {
    _ = try await database.write { [sessions] tx in try sessions.append(tx, to: id, inputs) }
  }

  // MARK: Driving

  /// Claims the session and drives it until it settles, in place of a worker. A new driver each time, as
  /// after a restart.
  func drive(_ id: String) async throws {
    let claim = try await claim(id)
    let workplaces = Workplaces(
      sessions: sessions, files: files, provider: ScriptedProvider(hands: hands), node: "here",
      log: Logger(label: "test"))
    let driver = EmbeddedDriver(
      models: OneModel(model: model), workplaces: workplaces,
      tools: [SandboxTools(workplaces), WebTools(nil)],
      time: clock.time, randomness: randomness,
      limits: limits, log: Logger(label: "test") { [lines] _ in LineLog(lines) })
    try await SessionWorker(
      sessions: sessions, driver: driver, workplaces: workplaces, log: Logger(label: "test")
    ).drive(claim)
  }

  /// The lease, taken from whoever had it: the process that held it is dead.
  private func claim(_ id: String) async throws -> Claim {
    let claims = try await database.write { [queue] tx in
      try tx.run("UPDATE items SET worker = NULL WHERE ref = $1", id)
      return try queue.claim(tx, for: "worker", room: [.session: 1])
    }
    guard let claim = claims.first else { throw NothingToClaim() }
    return claim
  }

  struct NothingToClaim: Error {}

  // MARK: Looking

  func log(_ id: String) async throws -> [Event] {
    try await database.read { [sessions] tx in try sessions.log(tx, id) }
  }

  /// The log as short lines: the types, with what tells events of one type apart.
  func story(_ id: String) async throws -> [String] {
    try await log(id).map(\.line)
  }

  /// The story without status events and model spans.
  func deeds(_ id: String) async throws -> [String] {
    try await story(id).filter { line in
      !["status_running", "session.usage", "thread_status", "span.model", "status_resch"].contains {
        line.contains($0)
      }
    }
  }

  func row(_ id: String) async throws -> Session {
    try await database.read { [sessions] tx in try sessions.session(tx, id) }
  }

  func evaluations(_ id: String) async throws -> [Evaluations.Stored] {
    try await database.read { tx in try Evaluations.list(tx, session: id) }
  }

  func item(_ id: String) async throws -> Item? {
    try await database.read { [queue] tx in try queue.item(tx, .session, id) }
  }
}

extension Event {
  fileprivate var line: String {
    func text(_ content: JSON?) -> String {
      content?.arrayValue?.compactMap { $0["text"]?.stringValue }.joined(separator: "|") ?? ""
    }
    switch type {
    case .userMessage, .agentMessage: return "\(type.rawValue) \(text(body["content"]))"
    case .agentToolUse:
      return
        "\(type.rawValue) \(body["name"]?.stringValue ?? "") \(body["evaluated_permission"]?.stringValue ?? "")"
    case .agentCustomToolUse: return "\(type.rawValue) \(body["name"]?.stringValue ?? "")"
    case .agentToolResult:
      return "\(type.rawValue) \(body["is_error"]?.boolValue == true ? "error " : "")\(text(body["content"]))"
    case .modelRequestEnd: return "\(type.rawValue)\(body["is_error"]?.boolValue == true ? " error" : "")"
    case .evaluationStart: return "\(type.rawValue) \(body["iteration"]?.intValue ?? -1)"
    case .evaluationEnd:
      return "\(type.rawValue) \(body["iteration"]?.intValue ?? -1) \(body["result"]?.stringValue ?? "")"
    case .statusIdle: return "\(type.rawValue) \(body["stop_reason"]?["type"]?.stringValue ?? "")"
    case .error:
      let error = body["error"]
      return
        "\(type.rawValue) \(error?["type"]?.stringValue ?? "") \(error?["retry_status"]?["type"]?.stringValue ?? "")"
    default: return type.rawValue
    }
  }
}

extension NewEvent {
  static func message(_ text: String) -> NewEvent {
    NewEvent(.userMessage, ["content": [["type": "text", "text": .string(text)]]])
  }

  static func outcome(_ iterations: Int = 3, rubric: String = "It is good.") -> NewEvent {
    NewEvent(
      .userDefineOutcome,
      [
        "description": "A brief.", "rubric": ["type": "text", "content": .string(rubric)],
        "max_iterations": JSON(iterations),
      ])
  }
}

private struct OneModel: ModelProvider {
  let model: any Model
  func model(for session: Session) throws -> any Model {
    if let refused = model as? RefusedModel { throw refused.error }
    return model
  }
}

/// Nobody to ask.
struct RefusedModel: Model {
  let error: ModelError
  func reply(to request: ModelRequest) async throws -> ModelReply { throw error }
}

/// Kills the process, as far as the database can tell: at a chosen commit, and all after it, until revived.
final class FaultPlan: Sendable {
  struct Died: Error {}
  private struct State {
    var commits = 0
    var deathAt: Int?
    var afterCommit = false
    var isDead = false
  }
  private let state = Lock(State())

  var faults: Faults {
    Faults { [self] point in
      try state.withLock { state in
        switch point {
        case .beforeCommit:
          if state.isDead { throw Died() }
          state.commits += 1
          if state.commits == state.deathAt && !state.afterCommit {
            state.isDead = true
            throw Died()
          }
        case .afterCommit:
          if state.commits == state.deathAt && state.afterCommit && !state.isDead {
            state.isDead = true
            throw Died()
          }
        case .afterClosure, .beforeRead: break
        }
      }
    }
  }

  /// - Parameter commit: counted from 1 from now on.
  func die(at commit: Int, afterCommit: Bool) {
    state.withLock { $0 = State(deathAt: commit, afterCommit: afterCommit) }
  }

  func revive() {
    state.withLock { $0 = State() }
  }

  var isDead: Bool { state.withLock { $0.isDead } }
}
