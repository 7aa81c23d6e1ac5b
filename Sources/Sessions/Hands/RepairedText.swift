/// Text as it may stand in an event: what is no UTF-8, and zero bytes, which some stores cannot hold, become
/// U+FFFD.
enum RepairedText {
  static func of(_ bytes: some Collection<UInt8>) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.utf8.contains(0) else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }))
  }
}
