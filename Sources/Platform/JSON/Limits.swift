extension JSON {
  /// What the parser takes at most from a text that strangers wrote.
  package struct Limits: Sendable {
    package enum DuplicateKeys: Sendable {
      /// The text is refused: parsers differ in which of the two they see, and that difference has been used
      /// to slip past checks.
      case refuse
      /// The last value stands at the place of the first.
      case keepLast
    }

    /// What becomes of a number that 64 bits do not hold digit by digit.
    package enum Numbers: Sendable {
      /// It is rounded to the nearest 64-bit float.
      case floats
      /// Its digits are kept: what others take for a name, such as an id of 64 bits without a sign, must not
      /// change.
      case exact
    }

    /// What becomes of `\ud800` without its other half, which stands for no text.
    package enum LoneSurrogates: Sendable {
      case refuse
      /// U+FFFD, the replacement character, stands for it.
      case replace
    }

    /// No parser that builds nested values can go deeper on the stack of every thread that may free them.
    package static let deepest = 512

    package static let standard = Limits()
    /// For what is only passed on, or stored: numbers keep their digits.
    package static let exact = Limits(numbers: .exact)

    /// How many arrays and objects may lie in one another, 0 to `deepest`.
    package var depth: Int
    /// How long the text may be.
    package var bytes: Int
    /// How many members and elements all objects and arrays may have together: what bounds the memory, for
    /// a text of small values grows about twelvefold.
    package var members: Int
    package var duplicateKeys: DuplicateKeys
    package var numbers: Numbers
    package var loneSurrogates: LoneSurrogates

    package init(
      depth: Int = 128, bytes: Int = 64 << 20, members: Int = 2_000_000,
      duplicateKeys: DuplicateKeys = .refuse, numbers: Numbers = .floats,
      loneSurrogates: LoneSurrogates = .refuse
    ) {
      self.depth = min(depth, Limits.deepest)
      self.bytes = bytes
      self.members = members
      self.duplicateKeys = duplicateKeys
      self.numbers = numbers
      self.loneSurrogates = loneSurrogates
    }
  }
}
