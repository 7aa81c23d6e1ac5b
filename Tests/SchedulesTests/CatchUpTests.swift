import JSON
import Jobs
import PathSupport
import Primitives
import Runs
import Store
import TestSupport
import Testing

@testable import Schedules

/// Making up for all that was missed, in a job whose runs do not run beside each other.
@Suite(.timeLimit(.minutes(5))) struct CatchUpTests {
  private static func ledger(_ path: Path) async throws -> [String] {
    try await path.database.read { tx in
      try tx.rows("SELECT * FROM firings ORDER BY nominal_at").map {
        "\("\(try $0["nominal_at"] as Timestamp)".dropFirst(11).prefix(5)) \(try $0["decision"] as String? ?? "held")"
      }
    }
  }

  @Test(arguments: [nil, "skip", "buffer_one"] as [String?])
  func `each missed time runs, one after the other`(overlap: String?) async throws {
    try await withPath(at: "2026-11-12T06:30:00Z") { path in
      try await path.apply(
        JobDefinition(
          "job",
          triggers: [
            ["schedule": "0 * * * *", "catch_up": ["policy": "all", "window": "6h", "limit": 3]]
          ], and: overlap.map { ["overlap": .string($0)] } ?? [:]))
      path.clock.advance(by: .seconds(5 * 3600))
      _ = try await path.timer.tick(since: path.clock.now)
      #expect(
        try await Self.ledger(path) == [
          "07:00 missed", "08:00 missed", "09:00 started", "10:00 held", "11:00 held",
        ])
      // One that comes meanwhile follows the job's own policy.
      path.clock.advance(by: .seconds(1800))
      _ = try await path.timer.tick()
      #expect(try await Self.ledger(path).last == "12:00 skipped")
      try await path.working {
        try await path.until { try await path.count("runs WHERE ended_at IS NOT NULL") == 3 }
      }
      #expect(
        try await Self.ledger(path).dropFirst(2) == [
          "09:00 started", "10:00 started", "11:00 started", "12:00 skipped",
        ])
      let reason = try await path.database.read { tx in
        try tx.row("SELECT reason FROM firings WHERE decision = 'skipped'")?["reason"] as String?
      }
      #expect(
        reason?.contains("starts nothing meanwhile") == true || overlap == "buffer_one", "\(reason ?? "")")
    }
  }
}
