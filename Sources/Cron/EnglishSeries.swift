/// Numbers written as English text: `1, 5 and 9`, `3 to 7`, `0, 7, ..., 56`.
struct EnglishSeries {
  /// Names, ranges and the dots of a cut.
  let parts: [String]

  /// `values` must not be empty and come in the order in which they are to be named. Neighbours, three or
  /// more of them, become a range; with `cycle`, the number of values there are, also round the end.
  /// Five or more evenly spaced ones are cut short in the middle. `inRange` names the ends of a range, by
  /// default as `name` does.
  init(
    _ values: [Int], cycle: Int? = nil, name: @escaping (Int) -> String, inRange: ((Int) -> String)? = nil
  ) {
    if values.count >= 5, let step = EnglishSeries.evenStep(values), step != 1 {
      parts = [name(values[0]), name(values[1]), "...", name(values[values.count - 1])]
      return
    }
    var runs = EnglishSeries.runs(values, cycle: cycle)
    if let cycle, runs.count > 1, let last = runs.last?.last, (last + 1) % cycle == runs[0][0] % cycle {
      let head = runs.removeFirst()
      runs[runs.count - 1] += head
    }
    let end = inRange ?? name
    parts = runs.flatMap { run in
      run.count >= 3 ? ["\(end(run[0])) to \(end(run[run.count - 1]))"] : run.map(name)
    }
  }

  /// With `and` before the last part.
  var text: String { text(by: "and") }

  /// With a word before the last part.
  func text(by word: String) -> String {
    isCut ? parts.joined(separator: ", ") : EnglishSeries.joined(parts, by: word)
  }

  /// Whether some values are not named.
  var isCut: Bool { parts.contains("...") }

  static func joined(_ parts: [String], by word: String = "and") -> String {
    guard let last = parts.last, parts.count > 1 else { return parts.first ?? "" }
    return parts.dropLast().joined(separator: ", ") + " \(word) " + last
  }

  private static func evenStep(_ values: [Int]) -> Int? {
    let step = values[1] - values[0]
    return zip(values, values.dropFirst()).allSatisfy { $1 - $0 == step } ? step : nil
  }

  private static func runs(_ values: [Int], cycle: Int?) -> [[Int]] {
    var runs: [[Int]] = []
    for value in values {
      if let previous = runs.last?.last, value == cycle.map({ (previous + 1) % $0 }) ?? previous + 1 {
        runs[runs.count - 1].append(value)
      } else {
        runs.append([value])
      }
    }
    return runs
  }

  /// `1st`, `2nd`, `13th`.
  static func ordinal(_ number: Int) -> String {
    switch (number % 10, number / 10 % 10) {
    case (1, let tens) where tens != 1: "\(number)st"
    case (2, let tens) where tens != 1: "\(number)nd"
    case (3, let tens) where tens != 1: "\(number)rd"
    default: "\(number)th"
    }
  }

  static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

  static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
  ]
}
