import Cron
import Primitives

/// One question for the next times of an expression.
struct CronCase {
  var expression: String
  var zone: String
  /// RFC 3339, or the zone's wall time; nil for now.
  var start: String?
  var count: Int
  var dst: DSTRule
  var name: String?

  static let standardCount = 8
  static let countRange = 1...10_000

  /// ISO 8601 with the zone's offset. Fewer than asked for when the expression ends.
  /// - Throws: `CronError`, `CronCaseProblem`.
  func times(now: Int64) throws -> [String] {
    let parsed = try CronExpression(expression, name: name)
    let zone: Zone
    do {
      zone = try Zone.named(self.zone)
    } catch {
      throw CronCaseProblem(field: "tz", message: error.description)
    }
    let schedule = CronSchedule(expression: parsed, zone: zone, dst: dst)
    return schedule.occurrences(after: try instant(in: zone) ?? now).prefix(count).map {
      zone.local(at: $0).description
    }
  }

  private func instant(in zone: Zone) throws(CronCaseProblem) -> Int64? {
    guard let start else { return nil }
    if let moment = Timestamp.written(start) { return moment.seconds }
    if let wall = WallTime(start) { return zone.instant(of: wall) }
    throw CronCaseProblem(
      field: "start",
      message: "“\(start)” is not a time such as 2026-11-12T07:00:00+02:00 or 2026-11-12T07:00.")
  }
}

/// What is wrong with a case besides its expression.
struct CronCaseProblem: Error, CustomStringConvertible {
  /// Nil for the whole case.
  var field: String?
  var message: String

  var description: String { message }
}

/// How DST rules are called, in job files and in lists of cases.
extension DSTRule {
  init?(word: String) {
    switch word {
    case "cron": self = .once
    case "wall": self = .literal
    default: self.init(rawValue: word)
    }
  }
}
