/// The SQL of a statement as a key. Texts are long and differ by their length and a few of their bytes, and hashing
/// them whole costs more than some of the statements. Comparing is cheap: mostly it is the very same text.
struct StatementText: Hashable {
  private let sql: String

  init(_ sql: String) {
    self.sql = sql
  }

  func hash(into hasher: inout Hasher) {
    let bytes = sql.utf8
    hasher.combine(bytes.count)
    // The end tells more than the beginning: most texts begin with one of four words.
    for byte in bytes.suffix(16) { hasher.combine(byte) }
  }
}
