import Cron
import Primitives

/// A crontab of Debian's cron or cronie, and what would be different here.
struct Crontab {
  struct Finding: Equatable {
    enum Kind: String {
      /// It would not be read.
      case refused
      /// It would be read, and do something else at times.
      case different
      /// It would do the same, and is hardly meant.
      case odd
    }

    /// From 1.
    var line: Int
    var kind: Kind
    var message: String
  }

  private(set) var findings: [Finding] = []
  private let hasUsers: Bool
  private var zone = Zone.utc
  private var zoneIsKnown = false
  /// From when on clock changes count, as a Unix time.
  private let now: Int64

  /// - Parameters:
  ///   - bytes: its lines end as cron's do: with a line feed, which may follow a carriage return.
  ///   - hasUsers: as in /etc/crontab.
  ///   - now: from when on clock changes count.
  init(_ bytes: [UInt8], hasUsers: Bool, now: Int64) {
    self.hasUsers = hasUsers
    self.now = now
    if let problem = FileText.encoding(bytes) {
      add(1, .refused, problem.description)
      return
    }
    let lines = FileText.withoutMark(bytes).split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      if let text = String(validating: line, as: UTF8.self) {
        read(text, number: index + 1)
      } else if line.first(where: { $0 != 0x20 && $0 != 0x09 }) != UInt8(ascii: "#") {
        add(index + 1, .refused, "The line is no UTF-8 text, as a job file must be.")
      }
    }
  }

  private mutating func read(_ line: String, number: Int) {
    let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
    guard let first = words.first, !first.hasPrefix("#") else { return }
    if let setting = Crontab.setting(line) {
      read(setting, number)
      return
    }
    let isMacro = first.hasPrefix("@")
    // Not cron's, but schedulers that read crontabs have it.
    let count = first.lowercased() == "@every" ? 2 : isMacro ? 1 : 5
    guard words.count > count + (hasUsers ? 1 : 0) else {
      add(number, .refused, "The line has no command after its times.")
      return
    }
    let expression = words.prefix(count).joined(separator: " ")
    do {
      let parsed = try CronExpression(expression, name: "job")
      for warning in parsed.warnings { add(number, .odd, warning.description) }
      compare(Array(words.prefix(count)), parsed, number)
    } catch {
      add(number, .refused, "\(expression): \(error)")
    }
  }

  private static func setting(_ line: String) -> (name: String, value: String)? {
    guard let sign = line.firstIndex(of: "=") else { return nil }
    let name = line[..<sign].split { $0 == " " || $0 == "\t" }
    guard name.count == 1, let word = name.first,
      word.utf8.allSatisfy({ $0 == 0x5F || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) })
    else { return nil }
    let value = line[line.index(after: sign)...].filter { !" \t\"'".contains($0) }
    return (String(word), value)
  }

  private mutating func read(_ setting: (name: String, value: String), _ number: Int) {
    switch setting.name {
    // TZ is for the commands; it changes no time.
    case "CRON_TZ":
      do {
        zone = try Zone.named(setting.value)
        zoneIsKnown = true
        add(
          number, .different,
          "\(setting.name) is no part of an expression here; write timezone: \(setting.value).")
      } catch {
        add(number, .refused, "\(setting.name): \(error)")
      }
    case "RANDOM_DELAY":
      add(
        number, .different,
        "RANDOM_DELAY is drawn at each start of cron; here write jitter: \(setting.value)m, which stays the same."
      )
    default: break
    }
  }

  /// Where this program's reading departs from Debian's cron and cronie.
  private mutating func compare(_ fields: [String], _ parsed: CronExpression, _ number: Int) {
    guard fields.count == 5 else {
      if fields[0].lowercased() == "@every" {
        add(number, .different, "cron refuses @every; here it is read.")
      }
      return
    }
    for (field, name) in zip(fields, ["minute", "hour", "day-of-month", "month", "day-of-week"]) {
      for item in field.split(separator: ",") { compare(String(item), name, number) }
    }
    let isFixed = !fields[0].hasPrefix("*") && !fields[1].hasPrefix("*")
    if zoneIsKnown, isFixed { compareClockChanges(parsed, number) }
  }

  private mutating func compare(_ item: String, _ field: String, _ number: Int) {
    let parts = item.lowercased().split(separator: "/", maxSplits: 1)
    let body = String(parts.first ?? "")
    if parts.count == 2, body != "*", !body.contains("-"), !body.hasPrefix("h") {
      add(
        number, .different,
        "\(item) in \(field): cron refuses a step after a single value; here it runs from \(body) to the end."
      )
    }
    let ends = body.split(separator: "-").map { Crontab.value(String($0), field) }
    if ends.count == 2, let low = ends[0], let high = ends[1], low > high,
      !(field == "day-of-week" && high == 0)
    {
      add(
        number, .different,
        "\(item) in \(field): cron accepts it and never fires; here it goes round the end of the field.")
    } else if ends.count == 2, let low = ends[0], let high = ends[1], field == "day-of-week", low > 0,
      high == 0
    {
      add(
        number, .different,
        "\(item) in \(field): Debian's cron accepts it and never fires; here it ends on Sunday.")
    }
    let isSpecial =
      body.hasPrefix("h") || body.contains("#") || body == "?"
      || (field == "day-of-month" && (body.contains("l") || body.hasSuffix("w")))
      || (field == "day-of-week" && body.count > 1 && body.hasSuffix("l"))
    if isSpecial { add(number, .different, "\(item) in \(field) is read here; cron refuses it.") }
  }

  private static func value(_ text: String, _ field: String) -> Int? {
    if let number = Int(text) { return number }
    let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
    return field == "month" ? months.firstIndex(of: text).map { $0 + 1 } : days.firstIndex(of: text)
  }

  /// Debian starts a fixed job once for each time that a gap swallowed, besides the one that is due when it ends;
  /// and takes jumps of more than three hours for a clock that was set, after which nothing is made up for.
  private mutating func compareClockChanges(_ expression: CronExpression, _ number: Int) {
    let walls = CronSchedule(expression: expression, zone: .utc, dst: .literal)
    var instant = now
    while let change = zone.transition(after: instant), change.instant <= now + Crontab.year {
      instant = change.instant
      let start = change.instant + Int64(change.offsetBefore)
      let gap = start..<max(start, change.instant + Int64(change.offsetAfter))
      guard !gap.isEmpty, let first = walls.next(after: gap.lowerBound - 1), gap.contains(first) else {
        continue
      }
      if gap.count > Crontab.longestGap {
        add(
          number, .different,
          "A clock change of the coming year swallows a time of it: here it fires once after the change, with cron not "
            + "at all, since the clocks jump more than three hours.")
        return
      }
      guard let second = walls.next(after: first), second <= gap.upperBound else { continue }
      add(
        number, .different,
        "A clock change of the coming year swallows several times of it, or one and meets another: here it fires once "
          + "after the change, with cron once for each.")
      return
    }
  }

  private static let year: Int64 = 366 * 86_400
  private static let longestGap = 3 * 3600

  private mutating func add(_ line: Int, _ kind: Finding.Kind, _ message: String) {
    findings.append(Finding(line: line, kind: kind, message: message))
  }
}
