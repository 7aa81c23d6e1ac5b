package import Cron
package import JSON
package import Primitives
package import Runs

/// What became of a time that somebody asks for, by the rows alone.
package struct Account: Sendable, Equatable {
  /// A time as somebody names it.
  package enum Asked: Sendable, Equatable {
    case moment(Timestamp)
    /// What the clocks of the schedule's zone show.
    case wall(WallTime)

    /// Reads `2026-11-12T07:00:00+02:00` and what `Timestamp` reads besides, or `2026-11-12T07:00` without an offset; nil for anything else.
    package init?(_ text: String) {
      if let moment = Timestamp.written(text) {
        self = .moment(moment)
      } else if let wall = WallTime(text), !wall.isDate {
        self = .wall(wall)
      } else {
        return nil
      }
    }

    /// The moment that is meant.
    func moment(in zone: Zone) -> Timestamp {
      switch self {
      case .moment(let moment): moment
      case .wall(let wall): Timestamp(seconds: zone.instant(of: wall))
      }
    }
  }

  package var schedule: String
  package var trigger: String
  /// The last time that the schedule names up to the one that was asked for.
  package var nominal: Timestamp?
  /// Whether that is the one that was asked for.
  package var isNamed: Bool
  /// The one after it.
  package var next: Timestamp?
  package var firing: Firing?
  /// The firing that makes up for the time; nil when none does.
  package var backfill: Firing?
  package var sentence: String

  package var json: JSON {
    [
      "schedule": .string(schedule), "trigger": .string(trigger),
      "nominal_at": .string(orNull: nominal?.description), "is_named": .bool(isNamed),
      "next_at": .string(orNull: next?.description), "firing": firing?.json ?? .null,
      "backfill": backfill?.json ?? .null,
      "reason": .string(sentence),
    ]
  }
}

extension Timetable {
  /// The jump of the clocks that swallowed times of the day before a moment, with the first of those times as
  /// clocks would have shown it; nil when nothing was swallowed.
  func swallowed(before moment: Int64) -> (change: Zone.Transition, time: WallTime)? {
    guard case .cron(let expression, _) = times, let change = zone.transition(before: moment + 1),
      change.instant > moment - 86_400, change.offsetAfter > change.offsetBefore
    else { return nil }
    let first = change.instant + Int64(change.offsetBefore)
    let end = change.instant + Int64(change.offsetAfter)
    // What the clocks would show, were they not set.
    let wall = CronSchedule(expression: expression, zone: .utc, dst: .literal)
    guard let time = wall.next(after: first - 1), time < end else { return nil }
    return (change, WallTime(seconds: time))
  }
}
