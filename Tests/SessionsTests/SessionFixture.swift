import Catalog
import JSON
import Primitives
import Store
import TestSupport

@testable import Queue
@testable import Sessions

/// Sessions in a database of their own, with a claim by hand in place of a worker.
struct SessionFixture {
  let folder: TemporaryFolder
  let database: Database
  let queue: Queue
  let sessions: Sessions
  let settling: RecordedSettling
  let clock: ManualTime

  init() async throws {
    folder = try TemporaryFolder()
    clock = ManualTime(Timestamp("2026-11-12T09:00:00Z")!)
    database = try await Database.open(
      "\(folder.path)/errand.db", migrations: queueMigrations + Files.migrations + Sessions.migrations)
    queue = Queue(database: database, time: clock.time)
    sessions = Sessions(database: database, queue: queue, time: clock.time)
    settling = RecordedSettling()
    sessions.attach(settling)
  }

  func session() async throws -> String {
    try await database.write { [sessions] tx in
      try sessions.create(
        tx, NewSession(agent: ["name": "tester"], environmentID: nil, environment: ["type": "cloud"])
      ).id
    }
  }

  func send(_ id: String, _ inputs: NewEvent..., key: String? = nil) async throws -> [Event] {
    try await database.write { [sessions] tx in try sessions.append(tx, to: id, inputs, key: key) }
  }

  /// The session's item, leased as a worker leases it.
  func claim() async throws -> Claim {
    let claims = try await database.write { [queue] tx in
      try queue.claim(tx, for: "worker", room: [.session: 1])
    }
    guard let claim = claims.first else { throw Missing(what: "an item to claim") }
    return claim
  }

  func driven(_ claim: Claim) -> DrivenSession {
    DrivenSession(id: claim.ref, claim: claim, sessions: sessions)
  }

  func settle(_ claim: Claim, _ settlement: Settlement) async throws -> Bool {
    try await database.write { [sessions] tx in try sessions.settle(tx, claim, settlement) }
  }

  func log(_ id: String) async throws -> [String] {
    try await database.read { [sessions] tx in try sessions.log(tx, id).map(\.type.rawValue) }
  }

  /// How a query is carried out, a line for each step.
  func plan(_ sql: String, _ values: [(any ColumnValue)?]) async throws -> [String] {
    try await database.read { tx in
      try tx.rows("EXPLAIN QUERY PLAN \(sql)", values: values).map { try $0["detail"] }
    }
  }

  func item(_ id: String) async throws -> Item? {
    try await database.read { [queue] tx in try queue.item(tx, .session, id) }
  }

  func row(_ id: String) async throws -> Session {
    try await database.read { [sessions] tx in try sessions.session(tx, id) }
  }
}

struct Missing: Error {
  var what: String
}

/// Notes what it is told.
final class RecordedSettling: Settling {
  private let calls = Lock<[String]>([])

  var told: [String] { calls.withLock { $0 } }

  func began(_ session: SessionEdit) {
    calls.withLock { $0.append("began") }
  }

  func settled(_ session: SessionEdit, _ settlement: Settlement) {
    calls.withLock { $0.append("settled \(settlement)") }
  }
}

extension NewEvent {
  static func message(_ text: String) -> NewEvent {
    NewEvent(.userMessage, ["content": [["type": "text", "text": .string(text)]]])
  }
}
