/// Reads one field: a list of items, left to right; the first fault wins.
struct FieldParser {
  /// What the items of a field select together.
  struct Selection {
    var numbers = Bits()
    /// Whether the field's first character is `*`, or the field is `?`.
    var isStarred = false
    // Day-of-month only, see `DayRule.MonthDays`.
    var beforeLast = Bits()
    var nearest = Bits()
    var nearestBeforeLast = Bits()
    // Day-of-week only, see `DayRule.WeekDays`.
    var last = Bits()
    var nth = Bits()
  }

  let field: Field
  let name: String?
  let dialect: Dialect
  var cursor: Cursor
  var selection = Selection()
  var warnings: [CronWarning] = []

  init(_ field: Field, word: Range<Int>, in bytes: [UInt8], name: String?, dialect: Dialect) {
    self.field = field
    self.name = name
    self.dialect = dialect
    cursor = Cursor(bytes: bytes, position: word.lowerBound, end: word.upperBound)
  }

  mutating func parse() throws(CronError) -> Selection {
    if cursor.rest == "?", hasDayItems, dialect == .errand {
      selection.isStarred = true
      selection.numbers = Bits(field.full)
      return selection
    }
    selection.isStarred = cursor.peek == UInt8(ascii: "*")
    repeat {
      try item()
    } while cursor.accept(",")
    guard cursor.isAtEnd else { throw unexpected("the end of the field or a comma") }
    return selection
  }

  /// Whether `?` and one of `L`, `W`, `#` mean something here.
  var hasDayItems: Bool { field == .dayOfMonth || field == .dayOfWeek }

  private mutating func item() throws(CronError) {
    switch cursor.peek {
    case nil, UInt8(ascii: ","):
      throw fault(
        .emptyItem, at: cursor.position, expected: "a value \(cursor.isAtEnd ? "after" : "before") the comma")
    case UInt8(ascii: "*"):
      cursor.advance()
      insert(field.full, step: try step(span: field.full.count))
      try checkItemEnd()
    case .some(let byte) where Cursor.isDigit(byte):
      try range(from: try number())
    case .some(let byte) where Cursor.isLetter(byte):
      try word()
    default:
      throw unexpected("a value")
    }
  }

  /// An item that begins with letters: a name, `H`, `L` or `LW`.
  private mutating func word() throws(CronError) {
    let letters = cursor.letters()
    switch letters {
    case "H":
      try hash()
    case "L", "LW":
      guard field == .dayOfMonth else { throw misplaced(at: cursor.position) }
      try lastDay()
    case "W":
      throw misplaced(at: cursor.position)
    default:
      // FRIL: the name ends where its L begins.
      if letters.utf8.count == 4, field.names.contains(String(letters.dropLast())),
        "LW".contains(letters.suffix(1))
      {
        cursor.advance(3)
        return try range(from: try value(named: String(letters.dropLast())))
      }
      let value = try value(named: letters)
      cursor.advance(letters.utf8.count)
      try range(from: value)
    }
  }

  /// What may follow a first value: `-b`, `/s`, `W`, `L`, `#k`, or nothing.
  private mutating func range(from first: Int) throws(CronError) {
    switch cursor.peekUpper {
    case UInt8(ascii: "-"):
      cursor.advance()
      let last = try rangeEnd()
      try span(from: first, to: last)
    case UInt8(ascii: "/"):
      // 7 is only another name for Sunday: the walk begins at 0 and ends with Saturday.
      try span(from: field == .dayOfWeek ? first % 7 : first, to: field.full.upperBound)
    case UInt8(ascii: "W") where field == .dayOfMonth && dialect == .errand:
      cursor.advance()
      selection.nearest.insert(first)
      try refuseStep(after: "W")
    case UInt8(ascii: "L") where field == .dayOfWeek && dialect == .errand:
      cursor.advance()
      selection.last.insert(first % 7)
      try refuseStep(after: "L")
    case UInt8(ascii: "#") where field == .dayOfWeek && dialect == .errand:
      cursor.advance()
      selection.nth.insert(7 * (try nth() - 1) + first % 7)
      try refuseStep(after: "#")
    default:
      selection.numbers.insert(field == .dayOfWeek ? first % 7 : first)
    }
    try checkItemEnd()
  }

  /// A range and its step, round the end of the field when `last` is less than `first`.
  private mutating func span(from first: Int, to last: Int) throws(CronError) {
    // A range that starts at 7 and goes down means Sunday, the first day.
    let first = field == .dayOfWeek && first == 7 && last < 7 ? 0 : first
    let size = field.full.count
    let end = last < first ? last + size : last
    let step = try step(span: end - first + 1)
    let low = field.full.lowerBound
    for value in stride(from: first, through: end, by: step) {
      selection.numbers.insert((value - low) % size + low)
    }
  }

  private mutating func rangeEnd() throws(CronError) -> Int {
    guard let byte = cursor.peek, byte != UInt8(ascii: ",") else { throw incomplete("the end of the range") }
    if Cursor.isDigit(byte) { return try number() }
    guard Cursor.isLetter(byte) else { throw unexpected("the end of the range") }
    let letters = cursor.letters()
    guard !["L", "W", "LW"].contains(letters) else { throw misplaced(at: cursor.position) }
    let isSpecial = letters.utf8.count == 4 && "LW".contains(letters.suffix(1))
    let name =
      isSpecial && field.names.contains(String(letters.dropLast())) ? String(letters.dropLast()) : letters
    let value = try value(named: name)
    cursor.advance(name.utf8.count)
    return value
  }

  mutating func insert(_ range: ClosedRange<Int>, step: Int) {
    for value in stride(from: range.lowerBound, through: range.upperBound, by: step) {
      selection.numbers.insert(field == .dayOfWeek ? value % 7 : value)
    }
  }
}
