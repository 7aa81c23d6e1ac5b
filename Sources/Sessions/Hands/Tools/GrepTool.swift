import JSON
import Primitives
import Sessions

/// `grep`: lines of files that match a regular expression.
struct GrepTool: BuiltinTool {
  let name = "grep"
  let description = """
    Search the lines of files with a regular expression of Perl's flavour (PCRE; case matters unless the pattern \
    begins with (?i)). Results are lines file:line:text, sorted by path, up to 100 KiB. Hidden files, binary \
    files and what .gitignore or .ignore name are left out, as ripgrep does; a file that is named in path is \
    always searched. path is a file or directory, /workspace when not given.
    """
  let schema: JSON = [
    "type": "object",
    "properties": [
      "pattern": ["type": "string", "description": "The regular expression."],
      "path": ["type": "string", "description": "File or directory to search. /workspace when not given."],
    ],
    "required": ["pattern"],
  ]

  /// Bytes of a result.
  static let limit = 100 << 10

  func run(_ input: ToolInput, at hands: SandboxedHands) async throws -> ToolResult {
    let pattern = try input.path("pattern")
    let path = try input.optionalPath("path") ?? ""
    let found = try await SearchProgram.run("grep", at: path, pattern, most: Self.limit, hands: hands)
    var text = RepairedText.of(found.body)
    var notes: [String] = []
    if found.timedOut {
      notes.append("[The search took too long and was ended. Choose a smaller path or a simpler pattern.]")
    }
    let cut = found.counts.dropFirst().first ?? 0
    if cut == 2 {
      notes.append(
        "[There is more than fits into \(Self.limit >> 10) KiB. Choose a narrower pattern or path.]")
    }
    if cut == 1 {
      notes.append("[Not everything was searched: there are too many files. Choose a smaller path.]")
    }
    if let big = found.counts.dropFirst(2).first, big > 0 {
      notes.append("[\(big) files of more than 256 MiB were left out.]")
    }
    if text.isEmpty, !found.timedOut { text = "(no matches)" }
    if !notes.isEmpty, !text.endsLine, !text.isEmpty { text += "\n" }
    return ToolResult(text: text + notes.joined(separator: "\n"))
  }
}
