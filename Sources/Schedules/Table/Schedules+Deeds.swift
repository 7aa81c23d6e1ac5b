package import JSON
package import Primitives
package import Store

/// Something that somebody did to a schedule.
package struct Deed: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    case pause
    case unpause
    case skip
    /// A skip was taken back.
    case unskip
  }

  package var kind: Kind
  /// The time that it is about; nil when it is about the whole schedule.
  package var nominal: Timestamp?
  package var at: Timestamp
  package var by: String
  package var reason: String

  init(_ kind: Kind, of nominal: Timestamp? = nil, at: Timestamp, by: String, reason: String) {
    self.kind = kind
    self.nominal = nominal
    self.at = at
    self.by = by
    self.reason = reason
  }

  init(_ row: Row) throws {
    kind = Kind(rawValue: try row["kind"]) ?? .pause
    nominal = try row["nominal_at"]
    at = try row["done_at"]
    by = try row["done_by"]
    reason = try row["reason"]
  }

  package var json: JSON {
    [
      "type": "schedule_deed", "deed": .string(kind.rawValue),
      "nominal_at": .string(orNull: nominal?.description), "at": .string(at.description),
      "by": .string(by), "reason": .string(reason),
    ]
  }
}

// What people did to schedules stays on record, also when it was taken back.
extension Schedules {
  /// So many are kept of each schedule.
  static let deedLimit = 100

  func record(_ tx: Transaction, _ schedule: Schedule, _ deed: Deed) throws {
    try tx.run(
      """
      INSERT INTO schedule_deeds (id, job_id, trigger_id, kind, nominal_at, done_at, done_by, reason)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      """, ID.make("deed", at: deed.at, randomness), schedule.job, schedule.trigger, deed.kind.rawValue,
      deed.nominal, deed.at, deed.by, deed.reason)
    try tx.run(
      """
      DELETE FROM schedule_deeds WHERE job_id = $1 AND trigger_id = $2 AND id < (
        SELECT MIN(id) FROM (
          SELECT id FROM schedule_deeds WHERE job_id = $1 AND trigger_id = $2
          ORDER BY id DESC LIMIT $3) AS latest)
      """, schedule.job, schedule.trigger, Schedules.deedLimit)
  }

  /// The latest deeds, the newest first.
  package func deeds(_ tx: Transaction, _ schedule: Schedule, limit: Int = 20) throws -> [Deed] {
    try tx.rows(
      "SELECT * FROM schedule_deeds WHERE job_id = $1 AND trigger_id = $2 ORDER BY id DESC LIMIT $3",
      schedule.job, schedule.trigger, limit
    ).map(Deed.init)
  }

  /// What was last done about one time; nil when nothing is on record.
  func deed(_ tx: Transaction, _ schedule: Schedule, about nominal: Timestamp) throws -> Deed? {
    try tx.row(
      """
      SELECT * FROM schedule_deeds WHERE job_id = $1 AND trigger_id = $2 AND nominal_at = $3
      ORDER BY done_at DESC, id DESC LIMIT 1
      """, schedule.job, schedule.trigger, nominal
    ).map(Deed.init)
  }
}
