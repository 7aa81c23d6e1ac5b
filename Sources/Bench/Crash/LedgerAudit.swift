import Primitives
import SQLite

/// Reads the ledger of a server that has stopped, and holds it against what its schedules name.
struct LedgerAudit {
  private let database: Connection
  /// A few of them tell enough.
  private static let problemLimit = 20

  /// - Throws: `SQLiteError`.
  init(database path: String) throws {
    database = try Connection(path, access: .read, patience: .seconds(10))
  }

  func report() throws -> LedgerJourney.Report {
    var report = LedgerJourney.Report()
    for row in try database.run("SELECT job_id, job_name, cursor_at / 1000000, since_at FROM schedules").rows
    {
      guard case .text(let job) = row[0], case .text(let name) = row[1], case .integer(let cursor) = row[2],
        case .integer(let since) = row[3]
      else { continue }
      report.schedules += 1
      try audit(job, name, since / 1_000_000 + 1...max(cursor, since / 1_000_000 + 1), &report)
    }
    report.runs = try number("SELECT COUNT(*) FROM runs")
    let checks = [
      ("firings without a decision", "SELECT COUNT(*) FROM firings WHERE decision IS NULL"),
      (
        "started firings without exactly one run of their own",
        """
        SELECT COUNT(*) FROM firings f WHERE decision = 'started'
          AND ((SELECT COUNT(*) FROM runs WHERE firing_id = f.id) <> 1
            OR (SELECT COUNT(*) FROM firings WHERE run_id = f.run_id AND decision = 'started') <> 1)
        """
      ),
      (
        "runs whose firing does not name them",
        """
        SELECT COUNT(*) FROM runs r LEFT JOIN firings f ON f.id = r.firing_id
        WHERE f.run_id IS NULL OR f.run_id <> r.id
        """
      ),
      ("runs that have not ended", "SELECT COUNT(*) FROM runs WHERE ended_at IS NULL"),
    ]
    for (what, sql) in checks {
      let count = try number(sql)
      if count > 0 { report.problems.append("There are \(count) \(what).") }
    }
    report.problems = Array(report.problems.prefix(LedgerAudit.problemLimit))
    return report
  }

  /// - Parameter times: the seconds that one schedule names.
  private func audit(
    _ job: String, _ name: String, _ times: ClosedRange<Int64>, _ report: inout LedgerJourney.Report
  ) throws {
    var rows: [Int64: Int] = [:]
    for row in try database.run(
      "SELECT nominal_at / 1000000, decision FROM firings WHERE job_id = $1 AND nominal_at IS NOT NULL",
      [.text(job)]
    ).rows {
      guard case .integer(let time) = row[0] else { continue }
      rows[time, default: 0] += 1
      if case .text(let decision) = row[1] { report.decisions[decision, default: 0] += 1 }
      if !times.contains(time) {
        report.problems.append("\(name) has a firing for \(Timestamp(seconds: time)), outside of its times.")
      }
    }
    let spans = try database.run(
      "SELECT after_at / 1000000, until_at / 1000000, decision FROM schedule_spans WHERE job_id = $1",
      [.text(job)]
    ).rows
    for time in times {
      let holding = spans.filter { span in
        guard case .integer(let after) = span[0], after < time else { return false }
        guard case .integer(let until) = span[1] else { return true }
        return time <= until
      }
      for case .text(let decision) in holding.map({ $0[2] }) {
        report.decisions["\(decision) in a span", default: 0] += 1
      }
      let accounts = rows[time, default: 0] + holding.count
      if accounts != 1 {
        report.problems.append("\(name) has \(accounts) decisions for \(Timestamp(seconds: time)).")
      }
    }
    report.occurrences += times.count
  }

  private func number(_ sql: String) throws -> Int {
    if case .integer(let number)? = try database.run(sql).rows.first?.first { return Int(number) }
    return 0
  }
}
