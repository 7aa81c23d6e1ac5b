/// A table of things that people name by their ids. Ids made at nearly the same time begin alike, so what tells them
/// apart at a glance, and is typed, is the end.
package struct IDTable: Sendable {
  /// The word with which the ids begin.
  package let word: String
  private let table: String

  /// - Parameter table: its column `id` holds the ids.
  package init(_ word: String, in table: String) {
    self.word = word
    self.table = table
  }

  /// The ids that end so, the newest first.
  package func ids(_ tx: Transaction, endingWith end: String, limit: Int) throws -> [String] {
    try tx.rows(
      """
      SELECT id FROM \(table) WHERE substr(id, length(id) - $1 + 1) = $2 ORDER BY id DESC LIMIT $3
      """, end.count, end, limit
    ).map { try $0["id"] }
  }
}

extension ID {
  /// So few letters and digits are no end of an id yet: they would fit too many.
  package static let shortestEnd = 4
  private static let endLimit = 24

  /// Whether a text may be meant for the end of an id, and is too short for one.
  package static func isShortEnd(_ text: String) -> Bool {
    (1..<shortestEnd).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      }
  }

  /// What a text names by its end: `7x3k`, or `run_7x3k` when the kind is said too. Nil for a whole id, and for what
  /// is no end of one.
  package static func end(_ text: String) -> (word: String?, end: String)? {
    let parts = text.split(separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
    guard let end = parts.last, (shortestEnd..<endLimit).contains(end.utf8.count),
      end.utf8.allSatisfy({ byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      })
    else { return nil }
    return (parts.count == 2 ? String(parts[0]) : nil, String(end))
  }
}
