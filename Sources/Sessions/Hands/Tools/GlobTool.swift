import JSON
import Sessions

/// `glob`: files by the pattern of their paths.
struct GlobTool: BuiltinTool {
  let name = "glob"
  let description = """
    Find files by a pattern of their paths below path, newest first, at most 200. * and ? match within one \
    directory, ** any number of directories, [a-z] and {one,two} alternatives: **/*.py finds Python files at \
    every depth, *.py only at the top. Hidden files and what .gitignore or .ignore name are left out, as \
    ripgrep does; a pattern with a part that begins with a dot finds hidden ones too.
    """
  let schema: JSON = [
    "type": "object",
    "properties": [
      "pattern": ["type": "string", "description": "The pattern, relative to path, such as src/**/*.ts."],
      "path": ["type": "string", "description": "Directory to search. /workspace when not given."],
    ],
    "required": ["pattern"],
  ]

  /// Paths of a result.
  static let limit = 200

  func run(_ input: ToolInput, at hands: SandboxedHands) async throws -> ToolResult {
    let pattern = try input.path("pattern")
    let path = try input.optionalPath("path") ?? ""
    let glob = try GlobPattern(pattern)
    let found = try await SearchProgram.run(
      "glob", at: path, glob.expression, showsHidden: glob.namesHidden, most: Self.limit, hands: hands)
    if found.timedOut {
      return ToolResult(text: "The search took too long and was ended. Choose a smaller path.", isError: true)
    }
    let names = found.body.split(separator: 0).map { RepairedText.of($0) }
    if names.isEmpty { return ToolResult(text: "(no files)") }
    var text = names.joined(separator: "\n")
    let total = found.counts.first ?? 0
    if total > names.count { text += "\n[The newest \(names.count) of \(total). Choose a narrower pattern.]" }
    if found.counts.dropFirst().first == 1 {
      text += "\n[Not everything was looked at: there are too many files. Choose a smaller path.]"
    }
    return ToolResult(text: text)
  }
}

/// A pattern of paths as a regular expression.
struct GlobPattern: Equatable {
  /// For the whole path, with `/` between parts.
  let expression: String
  /// Whether a part begins with a dot, so that hidden files are meant.
  let namesHidden: Bool

  /// - Throws: `ToolError.input`.
  init(_ pattern: String) throws(ToolError) {
    guard !pattern.hasPrefix("/") else {
      throw .input("The pattern must be relative: put the directory into `path`.")
    }
    let parts = pattern.split(separator: "/", omittingEmptySubsequences: false)
    guard !parts.contains("..") else { throw .input("The pattern must not contain “..”.") }
    namesHidden = parts.contains { $0.hasPrefix(".") && $0 != "." }
    var rest = pattern[...]
    while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
    var result = ""
    var depth = 0
    while let character = rest.popFirst() {
      switch character {
      case "*" where rest.first == "*":
        while rest.first == "*" { rest.removeFirst() }
        let beginsPart = result.isEmpty || result.hasSuffix("/")
        if beginsPart, rest.first == "/" {
          rest.removeFirst()
          result += "(?:.*/)?"
        } else {
          result += ".*"
        }
      case "*": result += "[^/]*"
      case "?": result += "[^/]"
      case "[":
        guard let end = rest.dropFirst().firstIndex(of: "]") else {
          throw .input("The pattern has a “[” without “]”. Write \\[ for the character itself.")
        }
        var set = String(rest[..<end])
        rest = rest[rest.index(after: end)...]
        let isNegated = set.hasPrefix("!") || set.hasPrefix("^")
        if isNegated { set.removeFirst() }
        result +=
          "(?!/)[" + (isNegated ? "^" : "")
          + set.replacing("\\", with: "\\\\").replacing("[", with: "\\[").replacing("]", with: "\\]") + "]"
      case "{":
        depth += 1
        result += "(?:"
      case "}" where depth > 0:
        depth -= 1
        result += ")"
      case "," where depth > 0: result += "|"
      case "\\":
        if let next = rest.popFirst() { result += Self.quoted(next) }
      default: result += Self.quoted(character)
      }
    }
    guard depth == 0 else { throw .input("The pattern has a “{” without “}”.") }
    expression = "\\A(?:\(result))\\z"
  }

  /// The character itself, in a regular expression.
  private static func quoted(_ character: Character) -> String {
    character.isLetter || character.isNumber || character == "_" || character == "/" || !character.isASCII
      ? String(character) : "\\\(character)"
  }
}
