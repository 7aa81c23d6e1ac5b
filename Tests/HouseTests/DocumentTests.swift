import Foundation
import Testing

/// Holds the documents to what is there: files, headings, functions.
@Suite struct DocumentTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static let documents = [
    "README.md", "Jobs/README.md", "Deploy/README.md", "Jobs/daily-brief/README.md",
    "Jobs/patch-pr/README.md", "Jobs/chat-task/README.md",
  ]

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// A document without its examples.
  private static func prose(_ path: String) throws -> String {
    let parts = try text(path).components(separatedBy: "```")
    return parts.indices.filter { $0.isMultiple(of: 2) }.map { parts[$0] }.joined()
  }

  /// How links name the headings of a document, as GitHub makes it of their text.
  private static func anchors(_ path: String) throws -> Set<String> {
    let headings = try prose(path).split(separator: "\n").filter { $0.hasPrefix("#") }
    return Set(
      headings.map { heading in
        let words = heading.drop { $0 == "#" }.drop { $0 == " " }.lowercased()
        return String(
          words.compactMap { character -> Character? in
            if character == " " { return "-" }
            return character.isLetter || character.isNumber || "-_".contains(character) ? character : nil
          })
      })
  }

  /// The links of a text: what each says, and where it leads.
  private static func links(_ text: String) -> [(words: String, target: String)] {
    text.matches(of: #/\[([^\]\n]+)\]\(([^)\s]+)\)/#).map { (String($0.1), String($0.2)) }
  }

  @Test(arguments: documents)
  func `the links of a document lead somewhere`(path: String) throws {
    let folder = Self.root.appending(path: path).deletingLastPathComponent()
    for (_, target) in Self.links(try Self.prose(path)) where !target.contains("://") {
      let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
      let file =
        parts[0].isEmpty
        ? path
        : folder.appending(path: String(parts[0])).standardizedFileURL.path
          .replacingOccurrences(of: Self.root.standardizedFileURL.path + "/", with: "")
      #expect(
        FileManager.default.fileExists(atPath: Self.root.appending(path: file).path),
        "\(path) leads to \(target)")
      if parts.count > 1 {
        #expect(try Self.anchors(file).contains(String(parts[1])), "\(path) leads to \(target)")
      }
    }
  }

  @Test func `the documents lead to each other`() throws {
    #expect(Self.links(try Self.prose("README.md")).count > 30)
    for path in ["Jobs/README.md", "Deploy/README.md"] {
      #expect(Self.links(try Self.prose("README.md")).contains { $0.target == path })
      #expect(Self.links(try Self.prose(path)).contains { $0.target == "../README.md" })
    }
  }

  @Test func `whoever follows one webhook finds each function in its file`() throws {
    let section = try #require(
      try Self.text("README.md").components(separatedBy: "\n## Follow one webhook\n").last?
        .components(separatedBy: "\n## ").first)
    let steps = section.split(separator: "\n").filter { $0.contains(#/^\d\. /#) }
    #expect(steps.count == 8)
    for step in steps {
      let functions = Self.links(String(step)).filter { $0.words.hasPrefix("`") }
      #expect(!functions.isEmpty, "\(step)")
      for (words, target) in functions {
        let name = words.trimmingCharacters(in: ["`"])
        #expect(try Self.text(target).contains("func \(name)("), "\(target) has no function \(name)")
      }
    }
  }
}
