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

    /// No parser that builds nested values can go deeper on the stack of every thread that may free them.
    package static let deepest = 512

    package static let standard = Limits()

    /// How many arrays and objects may lie in one another, 0 to `deepest`.
    package var depth: Int
    /// How long the text may be.
    package var bytes: Int
    /// How many members and elements all objects and arrays may have together: what bounds the memory, for
    /// a text of small values grows about twelvefold.
    package var members: Int
    package var duplicateKeys: DuplicateKeys

    package init(
      depth: Int = 128, bytes: Int = 64 << 20, members: Int = 2_000_000,
      duplicateKeys: DuplicateKeys = .refuse
    ) {
      self.depth = min(depth, Limits.deepest)
      self.bytes = bytes
      self.members = members
      self.duplicateKeys = duplicateKeys
    }
  }
}
