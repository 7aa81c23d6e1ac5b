import Testing

@testable import Cron

@Suite struct `An explanation` {
  private func explain(_ text: String, _ zone: String = "UTC", _ dst: DSTRule = .once) throws -> String {
    try CronExpression(text, name: "job-1").explanation(
      zone: try Vectors.zone(zone), dst: dst, now: try unix("2026-01-01T00:00:00Z"))
  }

  @Test(arguments: [
    ("* * * * *", "Every minute, UTC."),
    ("30 9 * JAN-MAR MON-FRI", "At 09:30 on Monday to Friday, in January to March, UTC."),
    ("*/7 * * * *", "At minutes 0, 7, ..., 56 of each hour, UTC."),
    ("0 */2 * * *", "At 00:00, 02:00, ..., 22:00 every day, UTC."),
    ("0 0 13 * 5", "At 00:00 on the 13th, and also on every Friday, UTC."),
    ("0 0 */2 * 1", "At 00:00 on Mondays that fall on day 1, 3, ..., 31, UTC."),
    ("0 0 13 * */5", "At 00:00 on Fridays and Sundays that fall on the 13th, UTC."),
    ("0 0 */29 2 SUN", "At 00:00 on Sundays that fall on the 1st or 30th, in February, UTC."),
    ("0 0 1-31 * 1", "At 00:00 every day, UTC."),
    ("0 0 L * *", "At 00:00 on the last day of the month, UTC."),
    (
      "0 0 L-1,L-3 * *",
      "At 00:00 on the day before the last day of the month and the 3rd day before the last day of the month, UTC."
    ),
    ("0 0 15W,LW * *", "At 00:00 on the weekday nearest the 15th and the last weekday of the month, UTC."),
    (
      "0 12 * * MON#2,5L", "At 12:00 on the second Monday of the month and the last Friday of the month, UTC."
    ),
    ("0 0 */2 * 5L", "At 00:00 on the last Friday of the month that falls on day 1, 3, ..., 31, UTC."),
    ("0 0 1,21,22,23 NOV-FEB ?", "At 00:00 on the 1st and 21st to 23rd, in November to February, UTC."),
    ("*/15 9-17 * * 1-5", "At minutes 0, 15, 30 and 45 of the hours 09 to 17 on Monday to Friday, UTC."),
    ("* 22-2 * * FRI-MON", "Every minute of the hours 22 to 02 on Friday to Monday, UTC."),
    ("30 15 10 * * *", "At 10:15:30 every day, UTC."),
    ("*/10 * * * * *", "At seconds 0, 10, ..., 50 of each minute, UTC."),
    ("* 5 1 * * *", "Every second of minute 5 of hour 01 every day, UTC."),
    ("@hourly", "At minute 0 of each hour, UTC."),
    (
      "@every 1h30m",
      "Every 1 hour 30 minutes of real time, counted from 1970-01-01T00:00:00Z unless the schedule names another "
        + "start; zone and clock changes make no difference."
    ),
  ])
  func `says the sets and then the rule`(text: String, sentence: String) throws {
    #expect(try explain(text) == sentence)
  }

  @Test(arguments: [
    (
      "30 3 * * 0L", DSTRule.once,
      "On 2026-03-29 the clock goes from 03:00 to 04:00: 03:30 does not exist, it fires once at 04:00. "
        + "On 2026-10-25 the clock goes from 04:00 to 03:00: 03:30 comes twice, it fires the first time only."
    ),
    (
      "30 3 * 3-10 0L", .literal,
      "On 2026-03-29 the clock goes from 03:00 to 04:00: 03:30 does not exist, times between these are left out. "
        + "On 2026-10-25 the clock goes from 04:00 to 03:00: 03:30 comes twice, it fires both times."
    ),
    ("30 3 * 3 0L", .literal, "It never fires again: the clocks of this zone skip each of its times."),
  ])
  func `warns of the clock changes of the coming year`(text: String, dst: DSTRule, warning: String) throws {
    #expect(try explain(text, "Europe/Riga", dst).hasSuffix(", Europe/Riga. " + warning))
  }

  @Test(arguments: ["0 * * * *", "30 5 * * *", "30 3 1 * *"])
  func `says nothing of changes that touch no time, or every hour's`(text: String) throws {
    #expect(try explain(text, "Europe/Riga").hasSuffix(", Europe/Riga."))
  }

  @Test func `is found for every expression`() throws {
    var random = SeededGenerator(seed: 12)
    let zone = try Vectors.zone("Europe/Riga")
    for _ in 0..<500 {
      let model = RandomExpression(six: random.chance(30), using: &random)
      // The models include some that never fire.
      guard let expression = try? CronExpression(model.text) else { continue }
      let sentence = expression.explanation(zone: zone, now: 1_767_225_600)
      #expect(
        sentence.hasSuffix(".") && !sentence.contains("  ") && !sentence.contains(" ,"),
        "\(model.text): \(sentence)")
    }
  }
}
