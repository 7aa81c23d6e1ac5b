import Crypto
import Primitives

/// Marks in texts that Errand leaves elsewhere, by which it knows its own again: comments of the markup, unseen on the
/// page. Nobody else can make one, and one that is copied to another place, or into another text, is none there.
///
/// `<!-- errand:ID PROOF -->`
package struct OwnMarks: Sendable {
  /// How every mark begins.
  package static let opening = "<!-- errand:"
  private static let closing = " -->"

  private let key: SymmetricKey

  /// - Parameter key: at least 16 bytes that nobody else knows. With another one, earlier marks are none.
  package init(key: [UInt8]) {
    self.key = SymmetricKey(data: key)
  }

  /// - Parameters:
  ///   - id: what the text was written for.
  ///   - place: where it stands, in one line.
  ///   - text: what stands before the mark. White space does not count, since places tidy it up.
  package func mark(_ id: String, at place: String, after text: String) -> String {
    let proof = HMAC<SHA256>.authenticationCode(for: OwnMarks.signed(id, place, text), using: key)
    return "\(OwnMarks.opening)\(id) \(Hex.encode(proof))\(OwnMarks.closing)"
  }

  /// As long as a mark, to see how much room it takes.
  package static func blank(_ id: String) -> String {
    "\(opening)\(id) \(String(repeating: "0", count: 64))\(closing)"
  }

  /// Whether a text ends with a mark that was made for this place.
  /// - Parameter whole: whether it must have been made for this very text, too.
  package func stands(in text: String, at place: String, whole: Bool) -> Bool {
    let parts = text.split(separator: OwnMarks.opening, omittingEmptySubsequences: false)
    guard parts.count > 1, let last = parts.last else { return false }
    let mark = last.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard mark.count == 3, mark[2].filter({ !$0.isWhitespace }) == "-->",
      let proof = Hex.decode(String(mark[1]))
    else { return false }
    let before = whole ? parts.dropLast().joined(separator: OwnMarks.opening) : ""
    return HMAC<SHA256>.isValidAuthenticationCode(
      proof, authenticating: OwnMarks.signed(String(mark[0]), place, before), using: key)
  }

  /// What is signed. The first line keeps a proof from being good for anything else.
  private static func signed(_ id: String, _ place: String, _ text: String) -> [UInt8] {
    let said = text.unicodeScalars.filter { !$0.properties.isWhitespace }
    let digest = SHA256.hash(data: Array(String(String.UnicodeScalarView(said)).utf8))
    return Array("errand own mark\n\(id)\n\(place)\n\(Hex.encode(digest))".utf8)
  }
}
