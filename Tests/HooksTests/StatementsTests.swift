import IntegrationsSupport
import JSON
import Outbox
import PathSupport
import Primitives
import Store
import Testing

@testable import Hooks
@testable import Queue
@testable import Sessions

/// What the path asks of the database. A count that grows makes everything slower that waits for the one writer:
/// change it only with the reason beside it.
@Suite(.timeLimit(.minutes(5))) struct StatementsTests {
  private static let job = JobDefinition(
    message: "Look at {{trigger.body.title}}", triggers: [["webhook": "desk"]],
    and: ["callbacks": [["directory": ["path": "/srv/results"]]]])

  /// How often each first word of the statements comes that something runs, such as `SELECT sessions`.
  private static func statements(_ path: Path, of deed: () async throws -> Void) async throws -> [String: Int]
  {
    path.statements.withLock { $0 = [] }
    try await deed()
    return path.statements.withLock { statements in
      Dictionary(grouping: statements) { statement in
        let words = statement.split { $0.isWhitespace || $0 == "(" }.map(String.init)
        let table = words.firstIndex { ["FROM", "INTO", "UPDATE"].contains($0) }.map { words[$0 + 1] }
        return "\(words[0]) \(table ?? "")"
      }.mapValues(\.count)
    }
  }

  private static func receive(_ path: Path, _ id: String) async throws {
    let body = Array(#"{"type": "door.broken", "title": "The door"}"#.utf8)
    _ = try await path.take("desk", HooksTests.signed(path, body, id: id))
  }

  @Test func `a webhook that starts a run`() async throws {
    try await withPath { path in
      try await path.apply(Self.job)
      // What all runs of a revision have in common is written once.
      try await Self.receive(path, "msg_1")
      let statements = try await Self.statements(path) { try await Self.receive(path, "msg_2") }
      // Of the job: whether it is still as known, and whether what it names is. Two items: the session's, and the
      // deadline.
      #expect(
        statements == [
          "SELECT source_editions": 1, "INSERT receipts": 1, "SELECT jobs": 1, "SELECT agents": 1,
          "INSERT firings": 1, "INSERT runs": 1,
          "INSERT sessions": 1, "INSERT events": 1, "INSERT items": 2,
        ])
    }
  }

  @Test func `a drive's end that ends its run`() async throws {
    try await withPath { path in
      try await path.apply(Self.job)
      try await Self.receive(path, "msg_1")
      let claim = try await path.database.write { [queue = path.queue] tx in
        try queue.claim(tx, for: "worker", room: [.session: 1])
      }[0]
      let session = DrivenSession(id: claim.ref, claim: claim, sessions: path.sessions)
      _ = try await session.take()
      let statements = try await Self.statements(path) {
        let settled = try await path.database.write { [sessions = path.sessions] tx in
          try sessions.settle(tx, claim, .idle(.endTurn))
        }
        #expect(settled)
      }
      // Whether the lease is held comes first. Events read: with the session, those that wait, the last
      // answer. Written: the three that close a turn. Items: the delivery's comes, the session's and the run's
      // clocks go.
      #expect(
        statements == [
          "SELECT items": 1, "SELECT events": 3, "SELECT runs": 1, "SELECT files": 1,
          "INSERT events": 3, "INSERT attempts": 1, "INSERT deliveries": 1, "INSERT last_results": 1,
          "INSERT items": 1, "DELETE items": 2, "UPDATE runs": 1, "UPDATE sessions": 1,
        ])
    }
  }

  @Test func `a delivery that is taken`() async throws {
    try await withPath { path in
      try await path.apply(Self.job)
      try await Self.receive(path, "msg_1")
      try await path.work()
      let claim = try await path.database.write { [queue = path.queue] tx in
        try queue.claim(tx, for: "worker", room: [.delivery: 1])
      }[0]
      let statements = try await Self.statements(path) {
        try await path.database.write { [outbox = path.outbox] tx in
          _ = try outbox.delivery(tx, claim.ref)
          try outbox.delivered(tx, claim, receipt: ["status": 200])
        }
      }
      #expect(statements == ["SELECT deliveries": 1, "UPDATE deliveries": 1, "DELETE items": 1])
    }
  }
}
