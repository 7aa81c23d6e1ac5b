import JSON
import Jobs
import PathSupport
import Primitives
import Queue
import Sessions
import Store
import TestSupport

@testable import Runs

/// Firings and ends of runs by hand, on a path of their own: no worker, so that a test decides what happens when.
struct Field {
  let path: Path

  init(_ path: Path, overlap: String? = nil, repeats: JSON.Object? = nil, _ more: JSON.Object = [:])
    async throws
  {
    self.path = path
    var job = more
    if let overlap { job["overlap"] = .string(overlap) }
    var webhook: JSON.Object = ["webhook": "desk", "name": "hook"]
    for (key, value) in repeats ?? [:] { webhook[key] = value }
    try await path.apply(
      JobDefinition(
        "job", message: "Look at {{trigger.kind}}{{#trigger.body}} {{trigger.body.text}}{{/trigger.body}}.",
        triggers: [["schedule": "0 7 * * *", "name": "daily"], .object(webhook)], and: job))
  }

  /// On a path whose job is there.
  init(on path: Path) { self.path = path }

  // MARK: Firing

  @discardableResult
  func fire(_ occurrence: Occurrence) async throws -> Firing {
    let (jobs, runs) = (path.jobs, path.runs)
    return try await path.database.write { tx in
      try runs.start(tx, jobs.job(tx, named: "job"), occurrence).firing
    }
  }

  /// A start of the schedule, at the time it is now or another.
  @discardableResult
  func tick(_ time: Timestamp? = nil, overlap: Overlap? = nil, isBackfill: Bool = false) async throws
    -> Firing
  {
    try await fire(
      Occurrence(
        cause: .time(time ?? path.clock.now), trigger: "daily", overlap: overlap, isBackfill: isBackfill))
  }

  @discardableResult
  func byHand(overlap: Overlap? = nil) async throws -> Firing {
    try await fire(Occurrence(cause: .request(key: nil), trigger: "manual", overlap: overlap))
  }

  /// A webhook about something.
  @discardableResult
  func hook(_ receipt: String, about key: String = "a", _ text: String = "it") async throws -> Firing {
    try await fire(
      Occurrence(
        cause: .receipt(receipt), trigger: "hook",
        context: ["body": ["id": .string(key), "text": .string(text)]]))
  }

  // MARK: What becomes of runs

  /// As when a worker takes the session up.
  func begin(_ run: String) async throws {
    let (runs, sessions, database) = (path.runs, path.sessions, path.database)
    try await database.write { tx in
      let id = try runs.run(tx, run).session
      try sessions.edit(tx, id) { try runs.began($0) }
      try tx.run("UPDATE items SET worker = 'w', fence = 1 WHERE kind = 'session' AND ref = $1", id)
    }
  }

  /// As when the session's drive ends so.
  func settle(_ run: String, _ settlement: Settlement = .idle(.endTurn)) async throws {
    let (runs, sessions, database) = (path.runs, path.sessions, path.database)
    try await path.waking {
      try await database.write { tx in
        let id = try runs.run(tx, run).session
        try sessions.edit(tx, id) { try $0.settleUndriven(settlement) }
      }
    }
  }

  func cancel(_ run: String) async throws {
    _ = try await path.waking { try await path.cancel(run) }
  }

  /// As when the firing's item is due.
  func look(_ firing: String) async throws {
    let (runs, database) = (path.runs, path.database)
    try await database.write { tx in try runs.look(tx, firing) }
  }

  /// As when a run's clock is due.
  func ring(_ ref: String) async throws {
    let (runs, database) = (path.runs, path.database)
    try await path.waking { try await database.write { tx in try runs.ring(tx, ref) } }
  }

  // MARK: Looking

  func firing(_ id: String) async throws -> Firing {
    let (runs, database) = (path.runs, path.database)
    return try await database.read { tx in try runs.firing(tx, id) }
  }

  func run(of firing: Firing) async throws -> Run {
    guard let run = try await self.firing(firing.id).run else { throw Missing("run of \(firing)") }
    return try await path.run(run)
  }

  func decision(_ firing: Firing) async throws -> Firing.Decision? {
    try await self.firing(firing.id).decision
  }

  /// Runs that have not ended, the oldest first.
  func open() async throws -> [Run] {
    try await path.database.read { [runs = path.runs] tx in
      try runs.runs(tx, limit: 1000).filter { !$0.state.isTerminal }.reversed()
    }
  }

  /// The texts of the inputs that wait in a run's session.
  func inputs(_ run: String) async throws -> [String] {
    let (runs, sessions, database) = (path.runs, path.sessions, path.database)
    return try await database.read { tx in
      let id = try runs.run(tx, run).session
      return try (sessions.log(tx, id) + sessions.unread(tx, id)).map { event in
        event.body["content"]?[0]?["text"]?.stringValue ?? event.type.rawValue
      }
    }
  }
}

func withField(
  overlap: String? = nil, repeats: JSON.Object? = nil, _ more: JSON.Object = [:],
  _ body: (Field) async throws -> Void
) async throws {
  try await withPath { path in try await body(Field(path, overlap: overlap, repeats: repeats, more)) }
}
