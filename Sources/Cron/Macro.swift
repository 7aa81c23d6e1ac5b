/// What a word with `@` stands for.
enum Macro {
  /// Five fields to read instead.
  case fields(String)
  /// `@every`: a period in seconds.
  case every(Int64)

  /// 366 days.
  private static let longestPeriod: Int64 = 366 * 86_400

  private static let expansions = [
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
  ]

  init(words: [Range<Int>], in bytes: [UInt8], dialect: Dialect) throws(CronError) {
    let word = words[0]
    let found = String(decoding: bytes[word], as: UTF8.self)
    let macro = found.lowercased()
    guard dialect != .wire else {
      throw CronError(
        .unknownMacro, field: "macro", offset: word.lowerBound, found: found, expected: "five fields",
        hint: Macro.expansions[macro].map { "Deployment schedules have no macros; write \($0)." }
          ?? "Deployment schedules have no macros.")
    }
    var length = 1
    if macro == "@every" {
      guard words.count > 1 else {
        throw CronError(
          .badDuration, field: "macro", offset: word.upperBound, expected: "a duration such as 90s or 1h30m")
      }
      var duration = DurationText(bytes, words[1])
      self = .every(try duration.seconds(atMost: Macro.longestPeriod))
      length = 2
    } else if let expansion = Macro.expansions[macro] {
      self = .fields(expansion)
    } else {
      throw CronError(
        .unknownMacro, field: "macro", offset: word.lowerBound, found: found,
        expected: "@hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually or @every",
        hint: Macro.hint(for: macro))
    }
    if words.count > length {
      throw CronError(
        .trailingText, field: "macro", offset: words[length].lowerBound,
        found: String(decoding: bytes[words[length]], as: UTF8.self), expected: "nothing after \(found)")
    }
  }

  private static func hint(for macro: String) -> String? {
    switch macro {
    case "@reboot": "A start of the machine is not a time."
    case "@noon": "Noon is \"0 12 * * *\"."
    case "@weekdays": "Monday to Friday at midnight is \"0 0 * * MON-FRI\"."
    case "@minutely": "Every minute is \"* * * * *\"."
    case "@secondly": "Every second is \"@every 1s\"."
    default: macro.hasPrefix("@every") ? "A space separates @every from its duration." : nil
    }
  }
}

/// Reads the duration of `@every`: numbers with a unit, largest unit first, each at most once.
private struct DurationText {
  private let bytes: [UInt8]
  private let word: Range<Int>
  private var position: Int

  /// Units in the order they may come, with their seconds.
  private static let units: [(letter: UInt8, seconds: Int64)] = [
    (UInt8(ascii: "w"), 604_800), (UInt8(ascii: "d"), 86_400), (UInt8(ascii: "h"), 3600),
    (UInt8(ascii: "m"), 60), (UInt8(ascii: "s"), 1),
  ]

  init(_ bytes: [UInt8], _ word: Range<Int>) {
    self.bytes = bytes
    self.word = word
    position = word.lowerBound
  }

  mutating func seconds(atMost limit: Int64) throws(CronError) -> Int64 {
    var total: Int64 = 0
    var remaining = DurationText.units[...]
    while position < word.upperBound {
      let start = position
      var count: Int64 = 0
      while position < word.upperBound, (0x30...0x39).contains(bytes[position]) {
        // Held at a value that is over the limit in any unit, however many digits follow.
        count = min(count * 10 + Int64(bytes[position] - 0x30), limit + 1)
        position += 1
      }
      guard position > start, position < word.upperBound,
        let unit = remaining.firstIndex(where: { $0.letter == bytes[position] })
      else {
        throw fault(
          start, "a number and one of the units w, d, h, m, s, the largest first and each once",
          hint:
            "Write 90s or 1h30m; months and years have no fixed length.")
      }
      total = min(total + count * remaining[unit].seconds, limit + 1)
      remaining = remaining[(unit + 1)...]
      position += 1
    }
    guard (1...limit).contains(total) else {
      throw fault(word.lowerBound, "a duration from 1s to 366d", hint: nil)
    }
    return total
  }

  private func fault(_ offset: Int, _ expected: String, hint: String?) -> CronError {
    CronError(
      .badDuration, field: "macro", offset: offset,
      found: String(decoding: bytes[offset..<word.upperBound], as: UTF8.self), expected: expected, hint: hint)
  }
}
