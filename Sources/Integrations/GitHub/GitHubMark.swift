import Signatures

/// The mark by which Errand knows its own texts on GitHub again: an HTML comment, unseen on the page. It keeps Errand
/// from answering itself, and a repeated delivery from writing twice.
enum GitHubMark {
  private static let opening = OwnMarks.opening

  /// The mark of one delivery, the same over all its attempts.
  static func of(delivery id: String) -> String { "\(opening)\(id) -->" }

  /// Whether a text has one. Anybody can copy a mark, so it says little by itself.
  static func stands(in text: String) -> Bool { text.contains(opening) }

  /// The text without anything that could be taken for a mark.
  static func removed(from text: String) -> String {
    var text = text
    // What is taken out may have kept the parts of another apart.
    while stands(in: text) { text = text.replacing(opening, with: "<!-- ") }
    return text
  }
}
