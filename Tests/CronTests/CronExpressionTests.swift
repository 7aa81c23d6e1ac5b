import Testing

@testable import Cron

@Suite struct `An expression` {
  private func selection(_ field: Field, _ text: String) throws -> FieldParser.Selection {
    var parser = FieldParser(
      field, word: 0..<text.utf8.count, in: Array(text.utf8), name: "job-1", dialect: .errand)
    return try parser.parse()
  }

  @Test(arguments: [
    (Field.hour, "22-2", [0, 1, 2, 22, 23]), (.hour, "22-6/3", [1, 4, 22]), (.hour, "5-5", [5]),
    (.minute, "0-59/7", [0, 7, 14, 21, 28, 35, 42, 49, 56]), (.minute, "*/90", [0]),
    (.minute, "50/5", [50, 55]),
    (.dayOfMonth, "28-3", [1, 2, 3, 28, 29, 30, 31]), (.month, "nov-Feb", [1, 2, 11, 12]),
    (.month, "JAN,5-7,11/1", [1, 5, 6, 7, 11, 12]), (.dayOfWeek, "FRI-MON", [0, 1, 5, 6]),
    (.dayOfWeek, "5-7", [0, 5, 6]), (.dayOfWeek, "1-7/3", [0, 1, 4]), (.dayOfWeek, "7-2", [0, 1, 2]),
    (.dayOfWeek, "7-7", [0]), (.dayOfWeek, "0-7", [0, 1, 2, 3, 4, 5, 6]), (.dayOfWeek, "1/2", [1, 3, 5]),
    (.dayOfWeek, "7/2", [0, 2, 4, 6]), (.dayOfWeek, "*/5", [0, 5]), (.dayOfWeek, "mon-5", [1, 2, 3, 4, 5]),
    (.dayOfWeek, "?", [0, 1, 2, 3, 4, 5, 6]), (.second, "05", [5]),
  ])
  func `a field selects its values`(field: Field, text: String, values: [Int]) throws {
    #expect(try selection(field, text).numbers.members == values)
  }

  /// The days of July 2026 (the 1st is a Wednesday), unless the expression picks another month.
  @Test(arguments: [
    ("L * ?", [31]), ("L-3 * ?", [28]), ("4W * ?", [3]), ("5W * ?", [6]), ("15W * ?", [15]), ("LW * ?", [31]),
    ("L-5W * ?", [27]), ("1W,L * ?", [1, 31]), ("* * 5L", [31]), ("* * FRI#2", [10]), ("* * WED#5", [29]),
    ("* * MON#5", []), ("* * MON#1,5L,SAT", [4, 6, 11, 18, 25, 31]), ("* * 7#1", [5]),
    ("13 * 5", [3, 10, 13, 17, 24, 31]),
    ("*/2 * 1", [13, 27]), ("13 * */1", [13]), ("1-31 * 1", Array(1...31)), ("*,5 * 1", [6, 13, 20, 27]),
    ("5,* * 1", Array(1...31)), ("L * 5", [3, 10, 17, 24, 31]), ("? * ?", Array(1...31)),
  ])
  func `the day fields select days of a month`(fields: String, expected: [Int]) throws {
    let pattern = try #require(try CronExpression("0 0 " + fields).pattern)
    #expect(pattern.rule.selected(length: 31, firstWeekday: 3).nonzeroBitCount == expected.count)
    #expect(pattern.days.days(ofMonth: 7, kind: YearKind(year: 2026)).members == expected)
  }

  @Test(arguments: [(1, 28, 3), (30, 30, 0), (31, 30, 0)])
  func `a day that the month does not have has no nearest weekday`(day: Int, length: Int, firstWeekday: Int) {
    var rule = DayRule()
    rule.weekdays.numbers = Bits(0...6)
    rule.days.nearest = Bits([day])
    #expect(
      rule.selected(length: length, firstWeekday: firstWeekday).nonzeroBitCount == (day > length ? 0 : 1))
  }

  @Test func `macros are their fields`() throws {
    for (macro, fields) in [
      "@yearly": "0 0 1 1 *", "@Annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
      " @DAILY\t": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ] {
      #expect(try CronExpression(macro).timing == CronExpression(fields).timing, "\(macro)")
    }
  }

  @Test(arguments: [
    ("@every 90s", 90), ("@EVERY 1w2d3h4m5s", 788_645), ("@every 366d", 31_622_400), ("@every 0h1s", 1),
  ])
  func `a period is in seconds`(text: String, seconds: Int64) throws {
    #expect(try CronExpression(text).timing == .every(seconds))
  }

  @Test func `a step as large as its span is allowed with a warning`() throws {
    let warnings = try CronExpression("*/90 5-8/4 * * 1/9").warnings
    #expect(
      warnings.map(\.kind.rawValue) == ["step_exceeds_range", "step_exceeds_range", "step_exceeds_range"])
    #expect(warnings.map(\.offset) == [2, 9, 17])
    #expect(
      warnings[0].description
        == "The step 90 in the minute field at offset 2 is as large as its span of 60 values or larger, "
        + "so only the first value is selected.")
    #expect(try CronExpression("*/59 5-8/3 5-5/1 * *").warnings.isEmpty)
  }

  @Test func `a second H does not move the first`() throws {
    let one = try CronExpression("H 0 * * *", name: "nightly-report")
    let two = try CronExpression("H H * * *", name: "nightly-report")
    let (first, second) = (try #require(one.pattern), try #require(two.pattern))
    #expect(first.times.minutes == second.times.minutes)
    #expect(!second.isWildcard)
  }

  @Test(arguments: [
    ("0 0 0 * * *", CronError.ErrorClass.fieldCount, 10), ("@daily", .unknownMacro, 0),
    ("@every 1h", .unknownMacro, 0),
    ("0 0 L * *", .misplacedSpecial, 4), ("0 0 LW * *", .misplacedSpecial, 4),
    ("0 0 15W * *", .misplacedSpecial, 6),
    ("0 0 * * 5L", .misplacedSpecial, 9), ("0 0 * * FRIL", .misplacedSpecial, 11),
    ("0 0 * * 1#2", .misplacedSpecial, 9),
    ("0 0 ? * *", .misplacedSpecial, 4), ("H 0 * * *", .misplacedSpecial, 0), ("0 0 30 2 *", .impossible, 4),
  ])
  func `the wire's dialect has five plain fields`(text: String, class: CronError.ErrorClass, offset: Int)
    throws
  {
    let error = #expect(throws: CronError.self) { try CronExpression(text, name: "job", dialect: .wire) }
    #expect(error?.class == `class`)
    #expect(error?.offset == offset)
  }

  @Test(arguments: ["*/15 9-17 * JAN-MAR MON-FRI", "0 0 13 * 5", "0,30 22-2 1-7 */2 7"])
  func `what the wire accepts means the same in both dialects`(text: String) throws {
    #expect(try CronExpression(text, dialect: .wire).timing == CronExpression(text).timing)
  }
}

extension CronExpression {
  /// Nil for a period.
  var pattern: WallPattern? {
    if case .wall(let pattern) = timing { pattern } else { nil }
  }
}
