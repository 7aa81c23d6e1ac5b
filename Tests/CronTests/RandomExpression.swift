import Foundation

/// Numbers that look random and are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }

  mutating func chance(_ percent: Int) -> Bool {
    Int.random(in: 0..<100, using: &self) < percent
  }

  mutating func pick(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &self)
  }
}

/// A day as the scanner sees it, from the C library's calendar.
struct ScannedDay {
  let month, day, weekday, length: Int
  /// 0 (Sunday) to 6.
  let firstWeekday: Int

  init(daysSinceEpoch count: Int) {
    var seconds = time_t(count * 86_400)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    month = Int(parts.tm_mon) + 1
    day = Int(parts.tm_mday)
    weekday = Int(parts.tm_wday)
    firstWeekday = ((weekday - day + 1) % 7 + 7) % 7
    var next = tm()
    next.tm_year = parts.tm_year
    next.tm_mon = parts.tm_mon + 1
    next.tm_mday = 0
    timegm(&next)
    length = Int(next.tm_mday)
  }

  func weekday(of other: Int) -> Int { (firstWeekday + other - 1) % 7 }
}

/// A random expression together with what it means, known from how it was put together, not from a parser.
struct RandomExpression {
  var text = ""
  var seconds: Set<Int> = [0]
  var minutes: Set<Int> = []
  var hours: Set<Int> = []
  var months: Set<Int> = []
  var monthDay: [(ScannedDay) -> Bool] = []
  var weekday: [(ScannedDay) -> Bool] = []
  var bothMustMatch = false
  var isWildcard = false

  init(six: Bool, using random: inout SeededGenerator) {
    var fields: [String] = []
    if six {
      let (text, values) = RandomExpression.field(0, 59, using: &random)
      seconds = values
      fields.append(text)
    }
    let minute = RandomExpression.field(0, 59, using: &random)
    let hour = RandomExpression.field(0, 23, using: &random)
    let month = RandomExpression.field(1, 12, usual: 80, using: &random)
    (minutes, hours, months) = (minute.values, hour.values, month.values)
    var day: [String] = []
    var week: [String] = []
    if six, random.chance(70) {
      // A window of a few hours would be empty with most day fields.
      (day, week, months) = (["*"], ["*"], Set(1...12))
      (monthDay, weekday) = ([{ _ in true }], [{ _ in true }])
    } else {
      for _ in 0..<random.pick(1...2) { day.append(addMonthDay(using: &random)) }
      for _ in 0..<random.pick(1...2) { week.append(addWeekday(using: &random)) }
    }
    let monthText = months.count == 12 ? "*" : month.text
    fields += [minute.text, hour.text, day.joined(separator: ","), monthText, week.joined(separator: ",")]
    if random.chance(10) { fields = fields.map { $0.lowercased() } }
    text = fields.joined(separator: random.chance(10) ? " \t" : " ")
    bothMustMatch = day[0].hasPrefix("*") || week[0].hasPrefix("*")
    isWildcard = minute.text.hasPrefix("*") || hour.text.hasPrefix("*")
  }

  func fits(_ day: ScannedDay) -> Bool {
    guard months.contains(day.month) else { return false }
    let byDay = monthDay.contains { $0(day) }
    let byWeekday = weekday.contains { $0(day) }
    return bothMustMatch ? byDay && byWeekday : byDay || byWeekday
  }

  private static func field(
    _ low: Int, _ high: Int, usual: Int = 25, using random: inout SeededGenerator
  ) -> (text: String, values: Set<Int>) {
    if random.chance(usual) { return ("*", Set(low...high)) }
    var texts: [String] = []
    var values: Set<Int> = []
    for _ in 0..<random.pick(1...3) {
      let item = item(low, high, using: &random)
      texts.append(item.text)
      values.formUnion(item.values)
    }
    return (texts.joined(separator: ","), values)
  }

  /// An item of the plain kinds: star, value, range that may go round, each with or without a step.
  private static func item(
    _ low: Int, _ high: Int, using random: inout SeededGenerator
  ) -> (text: String, values: Set<Int>) {
    let (a, b) = (random.pick(low...high), random.pick(low...high))
    let step = random.chance(50) ? random.pick(1...9) : random.pick(1...(high - low + 3))
    func every(_ list: [Int]) -> Set<Int> {
      Set(list.enumerated().filter { $0.offset % step == 0 }.map(\.element))
    }
    var walk = [a]
    while walk[walk.count - 1] != b {
      walk.append(walk[walk.count - 1] == high ? low : walk[walk.count - 1] + 1)
    }
    switch random.pick(0...5) {
    case 0: return ("*/\(step)", every(Array(low...high)))
    case 1: return ("\(a)-\(b)", Set(walk))
    case 2: return ("\(a)-\(b)/\(step)", every(walk))
    case 3: return ("\(a)/\(step)", every(Array(a...high)))
    default: return (random.chance(20) ? "0\(a)" : "\(a)", [a])
    }
  }

  private mutating func addMonthDay(using random: inout SeededGenerator) -> String {
    let n = random.pick(1...31)
    switch random.pick(0...9) {
    case 0...2:
      monthDay.append { _ in true }
      return "*"
    case 3:
      monthDay.append { $0.day == $0.length }
      return "L"
    case 4:
      let back = random.pick(1...30)
      monthDay.append { $0.day == $0.length - back }
      return "L-\(back)"
    case 5:
      monthDay.append { $0.day == RandomExpression.workday(near: n, in: $0) }
      return "\(n)W"
    case 6:
      let back = random.chance(50) ? 0 : random.pick(1...30)
      monthDay.append { $0.day == RandomExpression.workday(near: $0.length - back, in: $0) }
      return back == 0 ? "LW" : "L-\(back)W"
    default:
      let (text, values) = RandomExpression.item(1, 31, using: &random)
      monthDay.append { values.contains($0.day) }
      return text
    }
  }

  /// The Monday to Friday of the month with the least distance, nil when the month has no such day.
  private static func workday(near day: Int, in month: ScannedDay) -> Int? {
    guard (1...month.length).contains(day) else { return nil }
    return (1...month.length).filter { (1...5).contains(month.weekday(of: $0)) }.min {
      abs($0 - day) < abs($1 - day)
    }
  }

  private mutating func addWeekday(using random: inout SeededGenerator) -> String {
    let names = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
    let day = random.pick(0...6)
    let written = random.chance(50) ? names[day] : day == 0 && random.chance(50) ? "7" : "\(day)"
    switch random.pick(0...9) {
    case 0...3:
      weekday.append { _ in true }
      return "*"
    case 4:
      weekday.append { $0.weekday == day && $0.day + 7 > $0.length }
      return written + "L"
    case 5:
      let count = random.pick(1...5)
      weekday.append { $0.weekday == day && ($0.day + 6) / 7 == count }
      return written + "#\(count)"
    case 6:
      // In a range that ends at 7, Sunday is the day after Saturday.
      let step = random.pick(1...4)
      let values = Set(stride(from: day, through: 7, by: step).map { $0 % 7 })
      weekday.append { values.contains($0.weekday) }
      return "\(day)-7/\(step)"
    case 7:
      weekday.append { $0.weekday == day }
      return written
    default:
      let (text, values) = RandomExpression.item(0, 6, using: &random)
      weekday.append { values.contains($0.weekday) }
      return text
    }
  }
}
