import JSON
import Primitives

/// A schedule of the API for people.
enum ScheduleWords {
  /// `daily-brief (weekdays)`.
  static func name(_ schedule: JSON) -> String {
    "\(schedule["job"]?.stringValue ?? "") (\(schedule["trigger"]?.stringValue ?? ""))".onOneLine
  }

  static func next(_ schedule: JSON) -> String {
    schedule["next_at"]?.stringValue.map { TimeWords.full($0, in: schedule["timezone"]?.stringValue) }
      ?? "never"
  }

  /// What it is, its next five times, its last, and why it is not active.
  static func lines(_ schedule: JSON, now: Timestamp, on terminal: Terminal) -> [String] {
    let state = schedule["state"]?.stringValue ?? ""
    let paint: Paint = state == "active" ? .good : state == "paused" ? .waiting : .quiet
    let expression = schedule["expression"]?.stringValue ?? ""
    let zone = schedule["timezone"]?.stringValue ?? ""
    var lines = [
      "\(terminal.paint(name(schedule), .strong))  \(expression.onOneLine)  \(zone.onOneLine)  "
        + terminal.paint(state, paint)
    ]
    if let pause = schedule["paused"], !pause.isNull {
      let why = "\(pause["by"]?.stringValue ?? ""): \(pause["reason"]?.stringValue ?? "")"
      lines.append("  paused  \(TimeWords.relative(pause["at"]?.stringValue, to: now)) by \(why.onOneLine)")
    }
    let upcoming = schedule["upcoming"]?.arrayValue?.compactMap(\.stringValue) ?? []
    for (place, time) in upcoming.enumerated() {
      let distance = place == 0 ? "  \(TimeWords.relative(time, to: now))" : ""
      lines.append("  \(place == 0 ? "next" : "    ")    \(TimeWords.full(time, in: zone))\(distance)")
    }
    if upcoming.isEmpty, state != "paused" { lines.append("  next    never") }
    for (place, skip) in (schedule["skips"]?.arrayValue ?? []).enumerated() {
      let reason = (skip["reason"]?.stringValue ?? "").onOneLine
      lines.append(
        "  \(place == 0 ? "skips" : "     ")   \(TimeWords.full(skip["nominal_at"]?.stringValue, in: zone))  \(reason)"
      )
    }
    lines.append("  last    \(last(schedule, now: now))")
    if let left = schedule["starts_left"]?.intValue {
      lines.append("  left    \(left == 1 ? "1 start" : "\(left) starts")")
    }
    if let failures = schedule["failures_in_a_row"]?.intValue, failures > 0 {
      lines.append("  failed  \(failures) in a row")
    }
    return lines
  }

  private static func last(_ schedule: JSON, now: Timestamp) -> String {
    guard let last = schedule["last"], !last.isNull else { return "never" }
    let time = TimeWords.full(last["nominal_at"]?.stringValue, in: schedule["timezone"]?.stringValue)
    let late = last["late_ms"]?.integerValue.map { TimeWords.duration(.milliseconds($0)) } ?? "–"
    let decision = (last["decision"]?.stringValue ?? "held").onOneLine
    let run = last["run_id"]?.stringValue.map { " \($0.onOneLine)" } ?? ""
    return "\(time)  \(late) late  \(decision)\(run)"
  }
}
