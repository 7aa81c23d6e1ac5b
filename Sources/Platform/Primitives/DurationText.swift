/// Durations as people write them: `90s`, `30m`, `1h30m`, `1d`, `500ms`.
package enum DurationText {
  /// Largest first, in milliseconds.
  private static let units: [(name: String, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
  ]

  /// Whole numbers with their units, larger units first and each at most once. Nil for anything else, and for
  /// more than a year.
  package static func parse(_ text: String) -> Duration? {
    var rest = text[...]
    var total: Int64 = 0
    var used = -1
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      let letters = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(letters.count)
      guard (1...9).contains(digits.count), let number = Int64(digits),
        let unit = units.firstIndex(where: { $0.name == letters }), unit > used
      else { return nil }
      used = unit
      total += number * units[unit].milliseconds
    }
    guard used >= 0, total <= 366 * 86_400_000 else { return nil }
    return .milliseconds(total)
  }

  /// The shortest text that `parse` reads as this duration, to the millisecond.
  package static func text(_ duration: Duration) -> String {
    var rest = duration.microseconds / 1000
    var text = ""
    for unit in units where rest >= unit.milliseconds {
      text += "\(rest / unit.milliseconds)\(unit.name)"
      rest %= unit.milliseconds
    }
    return text.isEmpty ? "0s" : text
  }
}
