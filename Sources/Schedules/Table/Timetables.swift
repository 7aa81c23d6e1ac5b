import Cron
import JSON
import Jobs
import Primitives

/// What was read from schedules' texts before. The same text means the same times, whoever's it is, so that ten
/// thousand schedules of one text are read once.
///
/// Only what cannot change is kept: zones are asked for anew, because the system's may have been updated.
final class Timetables: Sendable {
  static let shared = Timetables()

  /// So many texts are kept of each kind; a table that outgrows this starts anew.
  private static let capacity = 10_000

  private struct Key: Hashable {
    var expression: String
    /// What `H` is computed from; nil when the expression has none.
    var name: String?
  }

  private struct Tables {
    var specs: [String: ScheduleSpec] = [:]
    var expressions: [Key: CronExpression] = [:]
  }

  private let tables = Lock(Tables())

  /// - Throws: what the JSON parser says; stored texts were written by this program.
  func spec(_ text: String) throws -> ScheduleSpec {
    if let known = tables.withLock({ $0.specs[text] }) { return known }
    let spec = ScheduleSpec(json: try JSON(parsing: Array(text.utf8)))
    tables.withLock { tables in
      if tables.specs.count >= Timetables.capacity { tables.specs.removeAll() }
      tables.specs[text] = spec
    }
    return spec
  }

  /// - Throws: `CronError`, `ZoneError`.
  func timetable(of schedule: Schedule) throws -> Timetable {
    let times: Timetable.Times =
      switch schedule.spec.times {
      case .cron(let text): .cron(try expression(text, name: schedule.jobName), dst: schedule.spec.dst)
      case .every(let period, let phase): .every(period, phase: phase)
      case .at(let moments): .at(moments)
      }
    return schedule.spec.timetable(times, zone: try Zone.named(schedule.spec.timezone), seed: schedule.id)
  }

  private func expression(_ text: String, name: String) throws(CronError) -> CronExpression {
    // Only H, March and Thursday have the letter.
    let key = Key(expression: text, name: text.utf8.contains { $0 | 0x20 == UInt8(ascii: "h") } ? name : nil)
    if let known = tables.withLock({ $0.expressions[key] }) { return known }
    let expression = try CronExpression(text, name: name)
    tables.withLock { tables in
      if tables.expressions.count >= Timetables.capacity { tables.expressions.removeAll() }
      tables.expressions[key] = expression
    }
    return expression
  }
}
