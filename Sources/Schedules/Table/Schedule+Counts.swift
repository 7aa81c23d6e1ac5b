package import JSON
import Primitives
import Runs
import Store

extension Schedule {
  /// How often something was decided, since the schedule was made.
  package struct Counts: Sendable, Equatable {
    package var started = 0
    /// Those of the started ones that came more than `Schedules.lateness` after their time.
    package var late = 0
    package var missed = 0
    package var skipped = 0
  }

  /// What is counted of a schedule.
  package struct Standing: Sendable, Equatable {
    package var counts = Counts()
    /// How many of its runs failed in a row.
    package var failures = 0
  }
}

extension Schedule.Standing {
  init(_ row: Row) throws {
    counts = Schedule.Counts(
      started: try row["started"], late: try row["late"], missed: try row["missed"],
      skipped: try row["skipped"])
    failures = try row["failures"]
  }
}

extension Schedule.Counts {
  var named: [(String, Int)] {
    [("started", started), ("late", late), ("missed", missed), ("skipped", skipped)]
  }

  /// - Parameter late: how long after its due time it fired.
  mutating func count(_ decision: Firing.Decision?, late: Duration) {
    switch decision {
    case .skipped, .filtered, .superseded: skipped += 1
    case .missed: missed += 1
    case .started, .joined:
      started += 1
      if late > Schedules.lateness { self.late += 1 }
    case .failedToStart, nil: break
    }
  }

  mutating func add(_ other: Schedule.Counts) {
    started += other.started
    late += other.late
    missed += other.missed
    skipped += other.skipped
  }

  package var json: JSON {
    .object(JSON.Object(uniqueKeysWithValues: named.map { ($0.0, .integer(Int64($0.1))) }))
  }
}
