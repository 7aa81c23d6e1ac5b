package import Cron
package import JSON
import Primitives

// A schedule's spec as it is stored and shown. What has its default is left out, so that a new field changes no
// stored text.
extension ScheduleSpec {
  package var json: JSON {
    var object: JSON.Object = [:]
    switch times {
    case .cron(let expression): object["schedule"] = .string(expression)
    case .every(let period, let phase):
      object["every"] = .string(DurationText.text(.seconds(period)))
      if phase != 0 { object["phase"] = .string(DurationText.text(.seconds(phase))) }
    case .at(let moments): object["at"] = .array(moments.map(ScheduleSpec.json))
    }
    object["timezone"] = .string(timezone)
    if dst != .once { object["dst"] = .string(dst.rawValue) }
    if let start { object["start"] = ScheduleSpec.json(start) }
    if let end { object["end"] = ScheduleSpec.json(end) }
    if !exclusions.isEmpty { object["exclude"] = .array(exclusions.map(\.json)) }
    if jitter != .zero { object["jitter"] = .string(DurationText.text(jitter)) }
    if catchUp != CatchUp() { object["catch_up"] = catchUp.json }
    return .object(object)
  }

  /// Reads what `json` wrote.
  package init(json: JSON) {
    func seconds(_ value: JSON?) -> Int64? { value?.stringValue.flatMap { Timestamp($0) }?.seconds }
    func duration(_ key: String) -> Duration {
      json[key]?.stringValue.flatMap(DurationText.parse) ?? .zero
    }
    let times: Times
    if json["every"] != nil {
      times = .every(
        max(1, duration("every").components.seconds), phase: duration("phase").components.seconds)
    } else if let moments = json["at"]?.arrayValue {
      times = .at(moments.compactMap(seconds))
    } else {
      times = .cron(json["schedule"]?.stringValue ?? "")
    }
    self.init(
      times, timezone: json["timezone"]?.stringValue ?? "UTC",
      dst: json["dst"]?.stringValue.flatMap(DSTRule.init) ?? .once, start: seconds(json["start"]),
      end: seconds(json["end"]),
      exclusions: json["exclude"]?.arrayValue?.compactMap(Exclusion.init(json:)) ?? [],
      jitter: duration("jitter"), catchUp: json["catch_up"].map(CatchUp.init(json:)) ?? CatchUp())
  }

  private static func json(_ seconds: Int64) -> JSON { .string(Timestamp(seconds: seconds).description) }
}

extension CatchUp {
  package var json: JSON {
    [
      "policy": .string(policy.rawValue), "window": .string(DurationText.text(window)),
      "limit": .integer(Int64(limit)),
    ]
  }

  init(json: JSON) {
    self.init(
      json["policy"]?.stringValue.flatMap(Policy.init) ?? .latest,
      window: json["window"]?.stringValue.flatMap(DurationText.parse) ?? CatchUp.standardWindow,
      limit: json["limit"]?.intValue ?? CatchUp.standardLimit)
  }
}

extension Exclusion {
  package var json: JSON {
    var object: JSON.Object = [
      "name": .string(name), "start": .string(start.description), "seconds": .integer(length),
    ]
    if let zone { object["timezone"] = .string(zone) }
    switch recurrence {
    case .daily(let every): object["daily"] = .integer(Int64(every))
    case .weekly(let every, let weekdays):
      object["weekly"] = .integer(Int64(every))
      object["weekdays"] = .array(weekdays.sorted().map { .integer(Int64($0)) })
    case .monthly(let every, let day):
      object["monthly"] = .integer(Int64(every))
      object["day"] = .integer(Int64(day))
    case .monthlyWeekday(let every, let nth, let weekday):
      object["monthly"] = .integer(Int64(every))
      object["nth"] = .integer(Int64(nth))
      object["weekday"] = .integer(Int64(weekday))
    case .yearly(let every): object["yearly"] = .integer(Int64(every))
    case .nthWeekday(let every, let month, let nth, let weekday):
      object["yearly"] = .integer(Int64(every))
      object["month"] = .integer(Int64(month))
      object["nth"] = .integer(Int64(nth))
      object["weekday"] = .integer(Int64(weekday))
    case nil: break
    }
    if let until { object["until"] = .string(until.description) }
    if !exceptions.isEmpty {
      object["except"] = .array(exceptions.sorted().map { .string(WallTime(seconds: $0).description) })
    }
    return .object(object)
  }

  /// Nil for what `json` did not write.
  package init?(json: JSON) {
    guard let start = json["start"]?.stringValue.flatMap({ WallTime($0) }),
      let length = json["seconds"]?.integerValue
    else { return nil }
    var recurrence: Recurrence?
    if let every = json["daily"]?.intValue {
      recurrence = .daily(every: every)
    } else if let every = json["weekly"]?.intValue {
      let days = json["weekdays"]?.arrayValue?.compactMap(\.intValue) ?? []
      recurrence = .weekly(every: every, weekdays: Set(days))
    } else if let every = json["monthly"]?.intValue {
      if let day = json["day"]?.intValue {
        recurrence = .monthly(every: every, day: day)
      } else if let nth = json["nth"]?.intValue, let weekday = json["weekday"]?.intValue {
        recurrence = .monthlyWeekday(every: every, nth: nth, weekday: weekday)
      }
    } else if let every = json["yearly"]?.intValue {
      recurrence = .yearly(every: every)
      if let month = json["month"]?.intValue, let nth = json["nth"]?.intValue,
        let weekday = json["weekday"]?.intValue
      {
        recurrence = .nthWeekday(every: every, month: month, nth: nth, weekday: weekday)
      }
    }
    self.init(
      start: start, length: length, zone: json["timezone"]?.stringValue, recurrence: recurrence,
      until: json["until"]?.stringValue.flatMap { WallTime($0) },
      exceptions: Set(
        json["except"]?.arrayValue?.compactMap { $0.stringValue.flatMap { WallTime($0) }?.seconds } ?? []),
      name: json["name"]?.stringValue ?? start.description)
  }
}
