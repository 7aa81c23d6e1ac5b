import Cron
import JSON
import Primitives
import Reading

// What a trigger says about its times.
extension JobReader {
  /// One of them makes a trigger a schedule.
  static let timeKeys = ["schedule", "every", "at"]
  static let scheduleKeys = JobShapes.schedule.keys
  /// As many moments as `at` can list, and exclusions as a schedule can have.
  static let listLimit = 1000
  private static let longestJitter = Duration.seconds(86_400)
  private static let longestWindow = Duration.seconds(366 * 86_400)

  /// - Parameter job: the name that `H` spreads by.
  func schedule(_ value: JSON, _ path: FieldPath, of job: String) -> Trigger? {
    guard let given = Fields(value, at: path, "a schedule trigger", keys: JobReader.scheduleKeys, findings)
    else { return nil }
    let before = findings.problems.count
    let name = triggerName(given)
    let zone = zone(given)
    let times = times(given, zone, of: job)
    let bounds = bounds(given, zone)
    var dst = DSTRule.once
    if let word = given.choice("dst", of: DSTRule.allCases.map(\.rawValue)) {
      dst = DSTRule(rawValue: word) ?? dst
      if case .cron? = times {} else { given.add("dst", "\"dst\" goes with \"schedule\" only.") }
    }
    let exclusions = exclusions(given)
    let jitter = given.duration("jitter", in: .milliseconds(1)...JobReader.longestJitter)
    let catchUp = catchUp(given)
    let starts = given.whole("starts", in: 1...1_000_000)
    let failures = given.whole("pause_after_failures", in: 1...1000)
    guard findings.problems.count == before, let times, let zone else { return nil }
    let spec = ScheduleSpec(
      times, timezone: zone.name, dst: dst, start: bounds.start, end: bounds.end, exclusions: exclusions,
      jitter: jitter ?? .zero, catchUp: catchUp)
    guard names(something: spec, given, of: job) else { return nil }
    var trigger = Trigger(.schedule(spec), name: name)
    trigger.starts = starts
    trigger.pauseAfterFailures = failures
    return trigger
  }

  private func zone(_ given: Fields) -> Zone? {
    guard given["timezone"] != nil else { return .utc }
    guard let name = given.text("timezone", length: 1...64) else { return nil }
    do {
      return try Zone.named(name)
    } catch {
      given.add("timezone", error.description)
      return nil
    }
  }

  // MARK: Times

  private func times(_ given: Fields, _ zone: Zone?, of job: String) -> ScheduleSpec.Times? {
    let keys = JobReader.timeKeys.filter { given.object[$0] != nil }
    guard keys.count == 1, let key = keys.first else {
      given.add(keys[1], "A trigger has one of \(keys.alternatives). Make two triggers of this one.")
      return nil
    }
    if key != "every", given["phase"] != nil { given.add("phase", "\"phase\" goes with \"every\" only.") }
    switch key {
    case "schedule": return expression(given, of: job).map { .cron($0) }
    case "every":
      guard let period = wholeSeconds(given, "every", in: .seconds(1)...JobReader.longestWindow) else {
        return nil
      }
      guard given["phase"] != nil else { return .every(period, phase: 0) }
      guard let phase = wholeSeconds(given, "phase", in: .zero...JobReader.longestWindow) else { return nil }
      guard phase < period else {
        given.add(
          "phase", "The phase must be shorter than the period, \(DurationText.text(.seconds(period))).")
        return nil
      }
      return .every(period, phase: phase)
    default: return moments(given, zone).map { .at($0) }
    }
  }

  private func expression(_ given: Fields, of job: String) -> String? {
    guard let expression = given.text("schedule", required: true, length: 1...1000) else { return nil }
    do {
      // Where `H` falls can decide whether the expression ever names a day.
      let read = try CronExpression(expression, name: job)
      if JobReader.namesEverySecond(expression) {
        findings.warn(
          Problem(
            given.path.key("schedule"),
            "Of six fields the first is the second: this names every second of each minute that the others name. "
              + "Write 0 in its place, or leave it out.", aim: .character(0)))
      }
      for warning in read.warnings {
        findings.warn(
          Problem(given.path.key("schedule"), warning.description, aim: .character(warning.offset)))
      }
      return expression
    } catch {
      findings.add(
        Problem(given.path.key("schedule"), error.description, aim: .character(error.offset)))
      return nil
    }
  }

  /// Six stars where five were meant cost a run each second.
  private static func namesEverySecond(_ expression: String) -> Bool {
    let words = expression.split(whereSeparator: \.isWhitespace)
    return words.count == 6 && ["*", "*/1", "0-59", "0/1", "0-59/1"].contains(words[0])
  }

  private func wholeSeconds(_ given: Fields, _ key: String, in range: ClosedRange<Duration>) -> Int64? {
    guard let duration = given.duration(key, in: range, required: true) else { return nil }
    guard duration.components.attoseconds == 0 else {
      given.add(key, "Expected whole seconds, found \(DurationText.text(duration)).")
      return nil
    }
    return duration.components.seconds
  }

  private func moments(_ given: Fields, _ zone: Zone?) -> [Int64]? {
    let values: [(value: JSON, path: FieldPath)] =
      given["at"]?.arrayValue == nil
      ? [(given["at"] ?? .null, given.path.key("at"))] : given.list("at", limit: JobReader.listLimit)
    let moments = values.compactMap { moment($0.value, $0.path, zone) }.compactMap(\.self)
    guard !moments.isEmpty else {
      if values.isEmpty { given.add("at", "Name at least one time.") }
      return nil
    }
    return moments.count == values.count ? Array(Set(moments)).sorted() : nil
  }

  /// RFC 3339, or a time of the schedule's zone without one.
  /// - Parameter endOfDay: a date alone means its last second instead of its first.
  private func moment(
    _ value: JSON, _ path: FieldPath, _ zone: Zone?, allowsDates: Bool = false, endOfDay: Bool = false
  ) -> Int64? {
    if let text = value.stringValue {
      if let moment = Timestamp(text) {
        if moment.microseconds % 1_000_000 == 0 { return moment.seconds }
      } else if let wall = WallTime(text), allowsDates || !wall.isDate {
        guard let zone else { return nil }
        if wall.isDate, endOfDay {
          return zone.instant(of: WallTime(seconds: wall.seconds + 86_400)) - 1
        }
        return zone.instant(of: wall)
      }
    }
    let date = allowsDates ? ", \"2026-12-31\"" : ""
    findings.add(
      path,
      "Expected a time in whole seconds such as \"2026-12-31T07:00:00+02:00\", or \"2026-12-31T07:00\" in the "
        + "trigger's timezone\(date); found \(value.shown).")
    return nil
  }

  private func bounds(_ given: Fields, _ zone: Zone?) -> (start: Int64?, end: Int64?) {
    let start = given["start"].flatMap { moment($0, given.path.key("start"), zone, allowsDates: true) }
    let end = given["end"].flatMap {
      moment($0, given.path.key("end"), zone, allowsDates: true, endOfDay: true)
    }
    if let start, let end, end < start { given.add("end", "The end lies before the start.") }
    return (start, end)
  }

  /// A schedule that can never start anything is a mistake. One whose times are over is not: its file stays.
  private func names(something spec: ScheduleSpec, _ given: Fields, of job: String) -> Bool {
    do {
      let timetable = try spec.timetable(name: job, seed: "")
      // From the beginning of the bounds, so that the answer does not depend on the day.
      if let start = spec.start, timetable.next(after: start - 1) == nil {
        given.add("end", "No time of the schedule lies between its start and its end.")
        return false
      }
      if timetable.upcoming(after: spec.start.map { $0 - 1 } ?? 0, count: 1).isEmpty {
        given.add(
          spec.end == nil ? "exclude" : "end",
          "The schedule never starts anything: all of its times are left out.")
        return false
      }
      return true
    } catch {
      findings.add(given.path, "\(error)")
      return false
    }
  }

  // MARK: Policies

  private func exclusions(_ given: Fields) -> [Exclusion] {
    var exclusions: [Exclusion] = []
    for (text, path) in given.texts("exclude", limit: JobReader.listLimit) {
      if text.hasSuffix(".ics") {
        exclusions += calendar(text, path)
      } else if let day = WallTime(text), day.isDate {
        exclusions.append(Exclusion(day: day))
      } else {
        findings.add(
          path,
          "Expected a date such as \"2026-12-25\", or a calendar file beside job.yaml such as holidays.ics; found "
            + "\(quoted(text)).")
      }
    }
    if exclusions.count > JobReader.listLimit {
      given.add(
        "exclude", "A schedule has at most \(JobReader.listLimit) exclusions; here are \(exclusions.count).")
    }
    return exclusions
  }

  private func calendar(_ name: String, _ path: FieldPath) -> [Exclusion] {
    guard JobReader.isRelative(name) else {
      findings.add(
        path, "Expected a path inside the folder of job.yaml, without \"..\"; found \(quoted(name)).")
      return []
    }
    guard let bytes = entry.files[name] else {
      findings.add(
        path,
        "There is no file \(quoted(name)) beside job.yaml.\(Nearest.hint(name, among: entry.files.keys.sorted()))"
      )
      return []
    }
    if let problem = FileText.encoding(bytes) {
      findings.add(path, "\(name): \(problem)")
      return []
    }
    guard bytes.count <= CalendarReader.sizeLimit else {
      findings.add(
        path,
        "\(name) has \(bytes.count) bytes; a calendar is read up to \(CalendarReader.sizeLimit >> 10) KiB. Leave "
          + "events of the past out.")
      return []
    }
    do {
      let read = try CalendarReader.read(FileText.withoutMark(bytes))
      if read.isEmpty { findings.add(path, "\(name) has no events.") }
      return read
    } catch {
      findings.add(path, "\(name), \(error)")
      return []
    }
  }

  private func catchUp(_ given: Fields) -> CatchUp {
    let words = CatchUp.Policy.allCases.map(\.rawValue)
    guard given["catch_up"]?.objectValue != nil else {
      guard let value = given["catch_up"], value.stringValue == nil else {
        return CatchUp(given.choice("catch_up", of: words).flatMap(CatchUp.Policy.init) ?? .latest)
      }
      given.add(
        "catch_up",
        "Expected \(words.alternatives), or {policy: all, window: 6h, limit: 10}; found \(value.shown).")
      return CatchUp()
    }
    var catchUp = CatchUp()
    guard let given = given.fields("catch_up", "the catch-up", JobShapes.catchUp) else {
      return catchUp
    }
    catchUp.policy = given.choice("policy", of: words).flatMap(CatchUp.Policy.init) ?? .latest
    catchUp.window = given.duration("window", in: .seconds(1)...JobReader.longestWindow) ?? catchUp.window
    catchUp.limit = given.whole("limit", in: CatchUp.limitRange) ?? catchUp.limit
    return catchUp
  }
}
