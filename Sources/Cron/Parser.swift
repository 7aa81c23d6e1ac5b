/// Reads a whole expression: checks the characters, splits words, and hands macros and fields on.
///
/// The order of the checks is fixed, so that every text has one first fault.
struct Parser {
  private let bytes: [UInt8]
  private let text: String
  private let name: String?
  private let dialect: Dialect
  private(set) var warnings: [CronWarning] = []

  init(_ text: String, name: String?, dialect: Dialect) {
    self.text = text
    bytes = Array(text.utf8)
    self.name = name
    self.dialect = dialect
  }

  mutating func parse() throws(CronError) -> CronExpression.Timing {
    try checkCharacters()
    let words = bytes.indices.split { bytes[$0] == 0x20 || bytes[$0] == 0x09 }.map {
      $0.startIndex..<$0.endIndex
    }
    guard let first = words.first else {
      throw CronError(.empty, offset: 0, expected: "\(fieldList), for example \"0 9 * * MON-FRI\"")
    }
    try checkPrefix(first)
    if bytes[first.lowerBound] == UInt8(ascii: "@") {
      switch try Macro(words: words, in: bytes, dialect: dialect) {
      case .every(let period): return .every(period)
      case .fields(let expansion):
        var parser = Parser(expansion, name: nil, dialect: .errand)
        return try parser.parse()
      }
    }
    return .wall(try fields(words))
  }

  private func checkCharacters() throws(CronError) {
    guard let offset = bytes.firstIndex(where: { !(0x20...0x7E).contains($0) && $0 != 0x09 }) else { return }
    // All before it is one byte wide, so the offset counts characters too.
    let scalar = text.unicodeScalars.dropFirst(offset).first.map { String(format(scalar: $0)) }
    throw CronError(
      .badChar, offset: offset, found: scalar, expected: "only printable ASCII, spaces and tabs",
      hint: "Text pasted from documents often has look-alikes of *, / and spaces.")
  }

  /// `U+2044`: the character itself may be invisible or break a log line.
  private func format(scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  private func checkPrefix(_ word: Range<Int>) throws(CronError) {
    let upper = String(decoding: bytes[word], as: UTF8.self).uppercased()
    guard upper.hasPrefix("TZ=") || upper.hasPrefix("CRON_TZ=") else { return }
    throw CronError(
      .timezonePrefix, offset: word.lowerBound, found: String(decoding: bytes[word], as: UTF8.self),
      expected: "the first field", hint: "Give the time zone beside the expression, not in it.")
  }

  private mutating func fields(_ words: [Range<Int>]) throws(CronError) -> WallPattern {
    let most = dialect == .wire ? 5 : 6
    guard words.count >= 5 else {
      throw CronError(
        .fieldCount, offset: words[words.count - 1].upperBound,
        expected: "\(fieldList), and there \(words.count == 1 ? "is" : "are") only \(words.count)")
    }
    guard words.count <= most else {
      let hint =
        words.count == 7
        ? "A year field is not supported." : "Only the schedule belongs here, not the command."
      throw CronError(
        .fieldCount, offset: words[most].lowerBound,
        found: String(decoding: bytes[words[most]], as: UTF8.self),
        expected: "the end after \(fieldList)",
        hint: dialect == .wire && words.count == 6 ? "Deployment schedules have no seconds field." : hint)
    }
    var parsed: [Field: FieldParser.Selection] = [:]
    for (field, word) in zip(Field.allCases.suffix(words.count), words) {
      var parser = FieldParser(field, word: word, in: bytes, name: name, dialect: dialect)
      parsed[field] = try parser.parse()
      warnings += parser.warnings
    }
    let pattern = WallPattern(parsed)
    guard !pattern.days.isEmpty else { throw impossible(words.suffix(3)) }
    return pattern
  }

  private func impossible(_ days: ArraySlice<Range<Int>>) -> CronError {
    let span = (days.first?.lowerBound ?? 0)..<(days.last?.upperBound ?? 0)
    return CronError(
      .impossible, field: Field.dayOfMonth.name, offset: span.lowerBound,
      found: String(decoding: bytes[span], as: UTF8.self),
      expected: "a day, month and weekday that meet in some year",
      hint: "The schedule would never fire.")
  }

  private var fieldList: String {
    let five = "five fields (minute hour day-of-month month day-of-week)"
    return dialect == .wire ? five : five + ", or six with the second first"
  }
}

extension WallPattern {
  /// From the selections of five or six fields.
  fileprivate init(_ parsed: [Field: FieldParser.Selection]) {
    func selection(_ field: Field) -> FieldParser.Selection { parsed[field] ?? FieldParser.Selection() }
    let (minute, hour) = (selection(.minute), selection(.hour))
    let (day, weekday) = (selection(.dayOfMonth), selection(.dayOfWeek))
    let rule = DayRule(
      months: selection(.month).numbers,
      days: DayRule.MonthDays(
        numbers: day.numbers, beforeLast: day.beforeLast, nearest: day.nearest,
        nearestBeforeLast: day.nearestBeforeLast),
      weekdays: DayRule.WeekDays(numbers: weekday.numbers, last: weekday.last, nth: weekday.nth),
      bothMustMatch: day.isStarred || weekday.isStarred)
    self.init(
      times: TimesOfDay(
        seconds: parsed[.second]?.numbers ?? Bits([0]), minutes: minute.numbers, hours: hour.numbers),
      rule: rule, days: DayTable(rule), isWildcard: minute.isStarred || hour.isStarred)
  }
}
