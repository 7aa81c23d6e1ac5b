// The parts that items are made of, and the faults they share.
extension FieldParser {
  /// A number of the field; the range is checked as soon as it is read.
  mutating func number(_ allowed: ClosedRange<Int>? = nil, what: String = "a number") throws(CronError) -> Int
  {
    let start = cursor.position
    let range = allowed ?? field.writable
    let (value, text) = cursor.number()
    guard range.contains(value) else {
      throw CronError(
        .outOfRange, field: field.name, offset: start, found: text, allowed: range,
        expected: "\(what) from \(range.lowerBound) to \(range.upperBound)",
        hint: allowed == nil ? rangeHint(value) : nil)
    }
    return value
  }

  private func rangeHint(_ value: Int) -> String? {
    switch (field, value) {
    case (.hour, 24): "Midnight is hour 0."
    case (.minute, 60), (.second, 60): "The next \(field == .minute ? "hour" : "minute") begins at 0."
    case (.dayOfMonth, 0): "Days count from 1; the last day of a month is L."
    case (.month, 0): "Months count from 1 (JAN) to 12 (DEC)."
    case (.dayOfWeek, _): "Sunday is 0 or 7, Monday 1, Saturday 6."
    default: nil
    }
  }

  /// The value of a name at the cursor, which stays where it is.
  func value(named letters: String) throws(CronError) -> Int {
    if let index = field.names.firstIndex(of: letters) { return index + field.full.lowerBound }
    let found = cursor.text(letters.utf8.count)
    let expected =
      field.names.isEmpty
      ? "a number from \(field.writable.lowerBound) to \(field.writable.upperBound)"
      : "one of \(field.names.joined(separator: " ")) or a number"
    throw fault(.unknownName, at: cursor.position, found: found, expected: expected, hint: nameHint(letters))
  }

  private func nameHint(_ letters: String) -> String? {
    let short = String(letters.prefix(3))
    if field.names.contains(short) { return "Names have three letters: write \(short)." }
    let home = [Field.month, .dayOfWeek].first { $0 != field && $0.names.contains(short) }
    return home.map { "\(short) belongs in the \($0.name) field." }
  }

  /// `/s` when it is there; 1 otherwise. `span` is how many values there are to walk over.
  mutating func step(span: Int) throws(CronError) -> Int {
    guard cursor.accept("/") else { return 1 }
    let expected = "a step of 1 or more, at most nine digits"
    guard let byte = cursor.peek, byte != UInt8(ascii: ",") else { throw incomplete(expected) }
    let start = cursor.position
    guard Cursor.isDigit(byte) else {
      throw fault(.badStep, at: start, found: cursor.token, expected: expected)
    }
    let (value, text) = cursor.number()
    guard text.utf8.count <= 9, value > 0 else {
      throw fault(.badStep, at: start, found: text, expected: expected)
    }
    if value > 1, value >= span {
      warnings.append(
        CronWarning(kind: .stepExceedsRange, field: field.name, offset: start, step: value, span: span))
    }
    return value
  }

  func refuseStep(after special: String) throws(CronError) {
    guard cursor.peek == UInt8(ascii: "/") else { return }
    throw fault(
      .badStep, at: cursor.position, found: cursor.rest, expected: "no step after \(special)",
      hint: "\(special) selects single days.")
  }

  /// The k of `d#k`.
  mutating func nth() throws(CronError) -> Int {
    let expected = "a number from 1 to 5 after #"
    guard let byte = cursor.peek, byte != UInt8(ascii: ",") else { throw incomplete(expected) }
    let start = cursor.position
    let found = cursor.token
    guard Cursor.isDigit(byte), case let (value, _) = cursor.number(), (1...5).contains(value) else {
      throw CronError(
        .badNth, field: field.name, offset: start, found: found, allowed: 1...5, expected: expected)
    }
    return value
  }

  /// `L`, `LW`, `L-n` or `L-nW`, with the cursor at the L.
  mutating func lastDay() throws(CronError) {
    guard dialect == .errand else { throw misplaced(at: cursor.position) }
    cursor.advance()
    var back = 0
    if cursor.accept("-") {
      let expected = "a number of days from 1 to 30"
      guard let byte = cursor.peek, byte != UInt8(ascii: ",") else { throw incomplete(expected) }
      guard Cursor.isDigit(byte) else { throw unexpected(expected) }
      back = try number(1...30, what: "a number of days")
    }
    if cursor.peekUpper == UInt8(ascii: "W") {
      cursor.advance()
      selection.nearestBeforeLast.insert(back)
      try refuseStep(after: "W")
    } else {
      selection.beforeLast.insert(back)
      try refuseStep(after: "L")
    }
    try checkItemEnd()
  }

  /// `H`, `H(a-b)`, either with a step, with the cursor at the H.
  mutating func hash() throws(CronError) {
    guard dialect == .errand else { throw misplaced(at: cursor.position) }
    guard let name else {
      throw fault(
        .hashNeedsName, at: cursor.position, found: "H", expected: "a schedule with a name, or a number here")
    }
    cursor.advance()
    var bounds = field.hashed
    if cursor.accept("(") { bounds = try hashBounds() }
    let hasStep = cursor.peek == UInt8(ascii: "/")
    let step = try step(span: bounds.count)
    let value = StableHash.value(name: name, field: field)
    if hasStep {
      let offset = Int(value % UInt64(min(step, bounds.count)))
      insert(bounds.lowerBound + offset...bounds.upperBound, step: step)
    } else {
      let chosen = bounds.lowerBound + Int(value % UInt64(bounds.count))
      insert(chosen...chosen, step: 1)
    }
    try checkItemEnd()
  }

  private mutating func hashBounds() throws(CronError) -> ClosedRange<Int> {
    func broken(_ expected: String) -> CronError {
      fault(.badHash, at: cursor.position, found: cursor.token, expected: expected, hint: "Write H(0-29).")
    }
    guard let byte = cursor.peek, Cursor.isDigit(byte) else { throw broken("a number") }
    let start = cursor.position
    let low = try number()
    guard cursor.accept("-") else { throw broken("\"-\"") }
    guard let byte = cursor.peek, Cursor.isDigit(byte) else { throw broken("a number") }
    let high = try number()
    guard cursor.accept(")") else { throw broken("\")\"") }
    guard low <= high else {
      throw fault(
        .badHash, at: start, found: "\(low)-\(high)", expected: "bounds in ascending order",
        hint: "H does not go round the end of a field.")
    }
    return low...high
  }

  /// After a whole item there is a comma or the end.
  func checkItemEnd() throws(CronError) {
    guard let byte = cursor.peek, byte != UInt8(ascii: ",") else { return }
    throw unexpected("a comma or the end of the field")
  }

  /// The fault of a character that cannot be here.
  func unexpected(_ expected: String) -> CronError {
    switch cursor.peekUpper {
    case UInt8(ascii: "L"), UInt8(ascii: "W"), UInt8(ascii: "#"), UInt8(ascii: "?"):
      return misplaced(at: cursor.position)
    default:
      let hint: String? =
        switch cursor.peek {
        case UInt8(ascii: "~"): "For a time spread by the schedule's name write H(1-5) instead of 1~5."
        case UInt8(ascii: "/"): "A step follows *, a value or a range, once."
        case UInt8(ascii: "+"): "Numbers have no sign."
        case UInt8(ascii: "-"): "A range has two ends, such as 1-5."
        default: nil
        }
      return fault(.badChar, at: cursor.position, found: cursor.character, expected: expected, hint: hint)
    }
  }

  func misplaced(at offset: Int) -> CronError {
    let special = cursor.character?.uppercased() ?? ""
    let (expected, hint) =
      dialect == .wire
      ? ("numbers, names, lists, ranges and steps", "Deployment schedules have none of L, W, #, ? and H.")
      : specialHint(special)
    return fault(.misplacedSpecial, at: offset, found: cursor.character, expected: expected, hint: hint)
  }

  private func specialHint(_ special: String) -> (expected: String, hint: String?) {
    switch (special, field) {
    case ("L", .dayOfMonth): ("L alone, L-n, LW or L-nW", "The last Friday is 5L in the day-of-week field.")
    case ("L", .dayOfWeek): ("one weekday before L", "The last Friday of the month is 5L or FRIL.")
    case ("L", _): ("L only in the day fields", nil)
    case ("W", .dayOfMonth): ("one day before W", "The weekday nearest to the 15th is 15W, the last one LW.")
    case ("W", _): ("W only in the day-of-month field", nil)
    case ("#", .dayOfWeek): ("one weekday before #", "The second Monday is MON#2.")
    case ("#", _): ("# only in the day-of-week field", nil)
    default:
      hasDayItems
        ? ("? as the whole field", "It means the same as *.") : ("? only in the day fields", "Write *.")
    }
  }

  func incomplete(_ expected: String) -> CronError {
    fault(.incomplete, at: cursor.position, expected: expected)
  }

  func fault(
    _ class: CronError.ErrorClass, at offset: Int, found: String? = nil, expected: String, hint: String? = nil
  ) -> CronError {
    CronError(`class`, field: field.name, offset: offset, found: found, expected: expected, hint: hint)
  }
}
