package import JSON
package import Primitives
import Sessions
package import Store

/// The evaluations on record: one row for each iteration of an outcome, with the verdict and the evidence of
/// every criterion. The log says the same for followers; the rows answer questions.
package enum Evaluations {
  package static let migrations = [
    Migration(
      id: "outcomes-0001",
      sql: """
        CREATE TABLE evaluations (
          session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
          outcome_id TEXT NOT NULL,
          iteration INTEGER NOT NULL,
          result TEXT NOT NULL,
          explanation TEXT NOT NULL,
          checks TEXT NOT NULL,
          criteria TEXT NOT NULL,
          graded INTEGER NOT NULL,
          usage TEXT NOT NULL,
          started_at INTEGER NOT NULL,
          ended_at INTEGER NOT NULL,
          PRIMARY KEY (outcome_id, iteration)
        );
        CREATE INDEX evaluations_of_session ON evaluations (session_id, started_at);
        """)
  ]

  /// An evaluation as it is stored.
  package struct Stored: Sendable, Equatable {
    package var session: String
    package var outcome: String
    /// From 0.
    package var iteration: Int
    package var evaluation: Evaluation
    package var startedAt: Timestamp
    package var endedAt: Timestamp

    package var json: JSON {
      [
        "session_id": .string(session), "outcome_id": .string(outcome), "iteration": JSON(iteration),
        "result": .string(evaluation.result.rawValue), "explanation": .string(evaluation.explanation),
        "checks": .array(evaluation.checks.map(\.json)), "criteria": .array(evaluation.criteria.map(\.json)),
        "graded": .bool(evaluation.isGraded), "usage": evaluation.usage.json,
        "started_at": .string(startedAt.description), "ended_at": .string(endedAt.description),
      ]
    }
  }

  /// Stores an evaluation that ended, in the transaction that writes its end into the log.
  package static func store(
    _ tx: Transaction, session: String, outcome: String, iteration: Int, _ evaluation: Evaluation,
    startedAt: Timestamp, endedAt: Timestamp
  ) throws {
    try tx.run(
      """
      INSERT INTO evaluations (session_id, outcome_id, iteration, result, explanation, checks, criteria, graded,
        usage, started_at, ended_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
      """,
      session, outcome, iteration, evaluation.result.rawValue, evaluation.explanation,
      JSON.array(evaluation.checks.map(\.json)), JSON.array(evaluation.criteria.map(\.json)),
      evaluation.isGraded, evaluation.usage.json, startedAt, endedAt)
  }

  /// A session's evaluations in the order they began.
  package static func list(_ tx: Transaction, session: String) throws -> [Stored] {
    try tx.rows(
      "SELECT * FROM evaluations WHERE session_id = $1 ORDER BY started_at, iteration", session
    ).map(Stored.init)
  }
}

extension Evaluations.Stored {
  init(_ row: Row) throws {
    session = try row["session_id"]
    outcome = try row["outcome_id"]
    iteration = try row["iteration"]
    evaluation = Evaluation(
      result: Outcome.Result(rawValue: try row["result"]) ?? .failed, explanation: try row["explanation"],
      checks: (try row["checks"] as JSON).arrayValue?.map(CheckOutcome.init(json:)) ?? [],
      criteria: (try row["criteria"] as JSON).arrayValue?.map(Criterion.init(json:)) ?? [],
      isGraded: try row["graded"], usage: Usage(wire: try row["usage"] as JSON))
    startedAt = try row["started_at"]
    endedAt = try row["ended_at"]
  }
}
