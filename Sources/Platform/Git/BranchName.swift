/// The name of a branch, such as `errand/42`, by the rules of git-check-ref-format(1), and a little stricter:
/// no `$`, quotes or other characters that a shell or a page would read.
package struct BranchName: Sendable, Hashable, CustomStringConvertible {
  package let text: String

  package var description: String { text }
  package var ref: String { "refs/heads/\(text)" }

  /// - Throws: `BranchNameError` with a sentence.
  package init(_ text: String) throws(BranchNameError) {
    if let problem = BranchName.problem(text) { throw BranchNameError(name: text, reason: problem) }
    self.text = text
  }

  private static func problem(_ text: String) -> String? {
    guard (1...200).contains(text.utf8.count) else { return "it must have 1 to 200 bytes" }
    if text.hasPrefix("-") { return "it begins with “-”, which programs read as an option" }
    if text == "@" || text == "HEAD" { return "git means something else by it" }
    if text.hasPrefix("refs/") { return "the “refs/” is left out" }
    if text.hasPrefix("/") || text.hasSuffix("/") || text.contains("//") {
      return "a part between slashes is empty"
    }
    if text.contains("..") || text.contains("@{") || text.hasSuffix(".") {
      return "“..”, “@{” and a dot at the end mean something else to git"
    }
    for scalar in text.unicodeScalars {
      if scalar.value <= 0x20 || scalar.value == 0x7F { return "it has a space or a control character" }
      if "~^:?*[\\$`'\"<>|;&(){}!".unicodeScalars.contains(scalar) {
        return "it has the character “\(scalar)”"
      }
    }
    let parts = text.split(separator: "/")
    if parts.contains(where: { $0.hasPrefix(".") || $0.hasSuffix(".lock") }) {
      return "a part begins with “.” or ends with “.lock”"
    }
    return nil
  }
}

package struct BranchNameError: Error, Equatable, CustomStringConvertible {
  package var name: String
  package var reason: String

  package var description: String {
    let shown = name.unicodeScalars.map { $0.value < 0x20 ? "\u{FFFD}" : $0 }.prefix(200)
    return "“\(String(String.UnicodeScalarView(shown)))” cannot be a branch's name: \(reason)."
  }
}

/// The name of a commit: 40 hexadecimal digits, or 64 in repositories with SHA-256.
package struct CommitID: Sendable, Hashable, CustomStringConvertible {
  package let text: String
  package var description: String { text }

  package init?(_ text: some StringProtocol) {
    guard text.utf8.count == 40 || text.utf8.count == 64,
      text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { return nil }
    self.text = String(text)
  }
}
