/// The fault of an expression: of what class, where, and in words for the person who wrote it.
package struct CronError: Error, Hashable, Sendable {
  /// What kind of fault; the raw values are part of the API.
  package enum ErrorClass: String, Hashable, Sendable, CaseIterable {
    /// A character that cannot be there.
    case badChar = "bad_char"
    /// Nothing but spaces.
    case empty
    /// A zone before the expression; zones belong beside it.
    case timezonePrefix = "timezone_prefix"
    /// A word after `@` that is no macro.
    case unknownMacro = "unknown_macro"
    /// What follows `@every` is no duration of 1 second to 366 days.
    case badDuration = "bad_duration"
    /// Words after a macro.
    case trailingText = "trailing_text"
    /// Too few or too many fields.
    case fieldCount = "field_count"
    /// Nothing before or after a comma.
    case emptyItem = "empty_item"
    /// A number outside its field.
    case outOfRange = "out_of_range"
    /// Letters that are no name of the field.
    case unknownName = "unknown_name"
    /// A step of 0, of letters or of more than nine digits, or one where none may be.
    case badStep = "bad_step"
    /// The end after `-`, `/` or `#`.
    case incomplete
    /// `L`, `W`, `#` or `?` where it means nothing, or in a dialect without it.
    case misplacedSpecial = "misplaced_special"
    /// Something other than 1 to 5 after `#`.
    case badNth = "bad_nth"
    /// A malformed or reversed `H(a-b)`.
    case badHash = "bad_hash"
    /// `H` without a name to spread by.
    case hashNeedsName = "hash_needs_name"
    /// Well written, but no day of any year fits.
    case impossible
  }

  package let `class`: ErrorClass
  /// `second`, `minute`, `hour`, `day-of-month`, `month`, `day-of-week`, `macro`, or nil for the whole text.
  package let field: String?
  /// Where, counted from 0 at the start of the text as given. All before a fault is ASCII, so that bytes and
  /// characters agree.
  package let offset: Int
  /// The text at fault; nil when something is missing there.
  package let found: String?
  /// The numbers that may stand there, when the fault is a number.
  package let allowed: ClosedRange<Int>?
  /// What could stand there, as a phrase: "a number from 0 to 23".
  package let expected: String
  /// A sentence that may help; nil when there is none.
  package let hint: String?

  init(
    _ class: ErrorClass, field: String? = nil, offset: Int, found: String? = nil,
    allowed: ClosedRange<Int>? = nil, expected: String, hint: String? = nil
  ) {
    self.class = `class`
    self.field = field
    self.offset = offset
    self.found = found
    self.allowed = allowed
    self.expected = expected
    self.hint = hint
  }
}

extension CronError: CustomStringConvertible {
  /// What was found, where, what was expected, and the hint:
  /// `Found "24" in the hour field at offset 5, expected a number from 0 to 23. Midnight is hour 0.`
  package var description: String {
    let place =
      (field.map { $0 == "macro" ? " in the macro" : " in the \($0) field" } ?? "") + " at offset \(offset)"
    let sentence =
      switch self.class {
      case .empty: "The expression is empty, expected \(expected)."
      case .impossible:
        "No day of any year fits \(found.map { "\"\($0)\"" } ?? "it")\(place), expected \(expected)."
      case .hashNeedsName: "Found \"H\"\(place) but no name to spread it by, expected \(expected)."
      default:
        if let found {
          "Found \"\(found)\"\(place), expected \(expected)."
        } else {
          "Something is missing\(place), expected \(expected)."
        }
      }
    return hint.map { sentence + " " + $0 } ?? sentence
  }
}
