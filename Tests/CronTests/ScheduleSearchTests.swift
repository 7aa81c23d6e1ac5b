import Foundation
import Testing

@testable import Cron

@Suite struct `Searching a schedule` {
  /// Zones with jumps of every size, and the instants near which to look.
  static let zones = [
    "Europe/Riga", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll", "Pacific/Apia",
    "Pacific/Kwajalein", "Pacific/Kiritimati", "Asia/Kathmandu", "Africa/Cairo", "Asia/Gaza",
    "Africa/Casablanca", "Europe/Dublin", "America/Sao_Paulo", "America/Havana", "UTC",
  ]

  @Test(arguments: 1...8)
  func `five fields agree with a scan of every minute`(seed: Int) throws {
    try compare(cases: 40, six: false, length: 4 * 86_400, seed: UInt64(seed))
  }

  @Test(arguments: 1...4)
  func `six fields agree with a scan of every second`(seed: Int) throws {
    try compare(cases: 6, six: true, length: 4 * 3600, seed: UInt64(100 + seed))
  }

  private func compare(cases: Int, six: Bool, length: Int64, seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var remaining = cases
    var times = 0
    while remaining > 0 {
      let model = RandomExpression(six: six, using: &random)
      guard let expression = try parsed(model) else { continue }
      let zone = try Vectors.zone(Self.zones[random.pick(0...Self.zones.count - 1)])
      let dst = random.chance(60) ? DSTRule.once : .literal
      let start = window(zone, length: length, using: &random)
      let scanner = Scanner(expression: model, zone: zone, dst: dst, step: six ? 1 : 60)
      // Seconds are slow to scan; the jump, if any, is in the middle of the window.
      let expected = scanner.times(in: start..<start + length, before: six ? 3600 : 2 * 86_400)
      let schedule = CronSchedule(expression: expression, zone: zone, dst: dst)
      let label = "\(model.text) in \(zone.name), \(dst), from \(zone.local(at: start))"

      let forward = Array(schedule.occurrences(after: start - 1).prefix { $0 < start + length })
      #expect(forward == expected, "\(label)")
      var backward: [Int64] = []
      var instant = start + length
      while let previous = schedule.previous(before: instant), previous >= start {
        backward.append(previous)
        instant = previous
      }
      #expect(backward.reversed() == expected, "\(label), backwards")
      for _ in 0..<5 {
        let probe = Int64.random(in: start..<start + length, using: &random)
        if let next = expected.first(where: { $0 > probe }) {
          #expect(schedule.next(after: probe) == next, "\(label), after \(probe)")
        }
        if let previous = expected.last(where: { $0 < probe }) {
          #expect(schedule.previous(before: probe) == previous, "\(label), before \(probe)")
        }
      }
      times += expected.count
      remaining -= 1
    }
    #expect(times > cases)
  }

  /// The expression, or nil when it is one that never fires.
  private func parsed(_ model: RandomExpression) throws -> CronExpression? {
    do {
      return try CronExpression(model.text)
    } catch  where error.class == .impossible {
      return nil
    }
  }

  /// The start of a window, a whole minute: mostly around a jump of the clocks.
  private func window(_ zone: Zone, length: Int64, using random: inout SeededGenerator) -> Int64 {
    // 1975 to 2110: offsets are whole minutes by then, and the rules are long beyond the tables.
    let somewhere = Int64.random(in: 157_766_400..<4_417_900_000, using: &random) / 60 * 60
    guard random.chance(75), let change = zone.transition(after: somewhere) else { return somewhere }
    return change.instant / 60 * 60 - length / 2
  }

  @Test func `next and previous are two directions of one set`() throws {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<300 {
      let model = RandomExpression(six: random.chance(30), using: &random)
      guard let expression = try parsed(model) else { continue }
      let zone = try Vectors.zone(Self.zones[random.pick(0...Self.zones.count - 1)])
      let schedule = CronSchedule(
        expression: expression, zone: zone, dst: random.chance(50) ? .once : .literal)
      // From before standard time to three cycles of the calendar ahead.
      let instant = Int64.random(in: -4_000_000_000..<45_000_000_000, using: &random)
      let next = try #require(schedule.next(after: instant), "\(model.text)")
      #expect(next > instant)
      let after = try #require(schedule.next(after: next))
      #expect(schedule.previous(before: after) == next, "\(model.text) in \(zone.name) at \(instant)")
      let previous = try #require(schedule.previous(before: instant))
      #expect(previous < instant)
      #expect(
        try #require(schedule.next(after: previous)) >= instant, "\(model.text) in \(zone.name) at \(instant)"
      )
      #expect(schedule.next(after: instant - 1) ?? .min <= next)
    }
  }

  @Test func `days agree with the calendar of the C library in every kind of year`() throws {
    var random = SeededGenerator(seed: 11)
    let newYears = (1990...2040).map { (year: $0, kind: YearKind(year: $0).index) }
    let years = try (0..<14).map { kind in try #require(newYears.first { $0.kind == kind }?.year) }
    let days = years.flatMap { year in
      let first = CivilDay(year: year, month: 1, day: 1).daysSinceEpoch
      return (first..<first + (CivilDay.isLeap(year) ? 366 : 365)).map {
        ($0, year, ScannedDay(daysSinceEpoch: $0))
      }
    }
    for _ in 0..<60 {
      let model = RandomExpression(six: false, using: &random)
      let expected = days.filter { model.fits($0.2) }.map(\.0)
      guard let expression = try parsed(model) else {
        #expect(expected.isEmpty, "\(model.text) is possible")
        continue
      }
      #expect(!expected.isEmpty, "\(model.text) is impossible")
      let pattern = try #require(expression.pattern)
      let found = days.filter { _, year, day in
        pattern.days.days(ofMonth: day.month, kind: YearKind(year: year)).contains(day.day)
      }
      #expect(found.map(\.0) == expected, "\(model.text)")
    }
  }
}
