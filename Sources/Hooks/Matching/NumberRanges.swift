import JSON

/// Ranges of numbers, each with what is filed under it. The ranges around a number are found without looking at the
/// others.
struct NumberRanges: Sendable {
  private struct Entry: Sendable {
    var lower: JSON?
    var upper: JSON?
    var number: Int
  }

  /// Without an upper bound, by the lower one.
  private var floors: [Entry] = []
  /// Without a lower bound, by the upper one.
  private var ceilings: [Entry] = []
  /// With both, by the lower one.
  private var spans: [Entry] = []
  /// For each of the spans: the highest upper bound of it and those before it.
  private var highest: [JSON] = []
  /// Without any: every number.
  private var unbounded: [Int] = []

  init(_ ranges: [(range: NumberRange, number: Int)] = []) {
    for (range, number) in ranges {
      let entry = Entry(lower: range.lower?.value, upper: range.upper?.value, number: number)
      switch (entry.lower, entry.upper) {
      case (nil, nil): unbounded.append(number)
      case (_?, nil): floors.append(entry)
      case (nil, _?): ceilings.append(entry)
      case (_?, _?): spans.append(entry)
      }
    }
    floors.sort { NumberRanges.isBelow($0.lower, $1.lower) }
    ceilings.sort { NumberRanges.isBelow($0.upper, $1.upper) }
    spans.sort { NumberRanges.isBelow($0.lower, $1.lower) }
    for span in spans {
      guard let upper = span.upper else { continue }
      highest.append(highest.last.map { NumberRanges.isBelow($0, upper) ? upper : $0 } ?? upper)
    }
  }

  var isEmpty: Bool { floors.isEmpty && ceilings.isEmpty && spans.isEmpty && unbounded.isEmpty }

  /// Adds what is filed under the ranges that the number lies in, or at the end of.
  func collect(_ value: JSON, _ found: inout [Int]) {
    guard value.numberValue != nil else { return }
    found += unbounded
    for entry in floors[..<NumberRanges.end(floors) { !NumberRanges.isBelow(value, $0.lower) }] {
      found.append(entry.number)
    }
    for entry in ceilings[NumberRanges.end(ceilings) { NumberRanges.isBelow($0.upper, value) }...] {
      found.append(entry.number)
    }
    var place = NumberRanges.end(spans) { !NumberRanges.isBelow(value, $0.lower) }
    while place > 0, !NumberRanges.isBelow(highest[place - 1], value) {
      place -= 1
      if !NumberRanges.isBelow(spans[place].upper, value) { found.append(spans[place].number) }
    }
  }

  private static func isBelow(_ left: JSON?, _ right: JSON?) -> Bool {
    guard let left, let right else { return false }
    return left.isSmaller(than: right) == true
  }

  /// How many entries come first for which something holds, as it does for none after them.
  private static func end(_ entries: [Entry], where holds: (Entry) -> Bool) -> Int {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if holds(entries[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
