import JSON
import Sessions

/// `edit`: replaces an exact piece of text.
struct EditTool: BuiltinTool {
  let name = "edit"
  let description = """
    Replace text in a file. old_string must occur exactly once, character by character, unless replace_all is \
    true. Relative paths belong to /workspace.
    """
  let schema: JSON = [
    "type": "object",
    "properties": [
      "file_path": ["type": "string", "description": "Path of the file."],
      "old_string": [
        "type": "string", "description": "The text to replace, exactly as it stands in the file.",
      ],
      "new_string": ["type": "string", "description": "What takes its place; may be empty."],
      "replace_all": ["type": "boolean", "description": "Replace every occurrence. False when not given."],
    ],
    "required": ["file_path", "old_string", "new_string"],
  ]

  static let limit = 16 << 20

  func run(_ input: ToolInput, at hands: SandboxedHands) async throws -> ToolResult {
    let path = try input.path("file_path")
    let old = Array(try input.text("old_string").utf8)
    let new = Array(try input.text("new_string").utf8)
    let all = try input.flag("replace_all")
    guard !old.isEmpty else { throw ToolError.input("The field `old_string` must not be empty.") }
    guard old != new else { throw ToolError.input("The fields `old_string` and `new_string` are the same.") }
    try await hands.requireRoom()
    let file = SandboxFile(hands: hands, path: path)
    let (bytes, isCut) = try await file.read(atMost: Self.limit)
    if isCut {
      throw ToolError.tooLarge(
        path: path, limit: Self.limit, advice: "Change it with bash, for instance with sed.")
    }
    // Large files take a while to search, and no cooperative thread is to wait for that.
    let (count, edited) = try await DiskThread.run {
      let replacement = Replacement(of: old, by: new)
      let count = replacement.count(in: bytes)
      try Self.check(count, all, path, size: bytes.count + count * (new.count - old.count))
      return (count, replacement.applied(to: bytes))
    }
    try await file.write(edited)
    return ToolResult(text: count == 1 ? "Edited \(path)." : "Edited \(path) at \(count) places.")
  }

  /// - Parameters:
  ///   - count: how often the text occurs.
  ///   - size: of the edited file, in bytes.
  static func check(_ count: Int, _ all: Bool, _ path: String, size: Int) throws(ToolError) {
    guard count > 0 else {
      throw .input("`old_string` does not occur in \(path). Read the file and copy the text exactly.")
    }
    guard all || count == 1 else {
      throw .input(
        "`old_string` occurs \(count) times in \(path). Add lines around it until it is unique, or set "
          + "`replace_all`.")
    }
    guard size <= limit else {
      throw .input(
        "With this edit \(path) would have \(size) bytes, more than the \(limit) that edit writes. Change it with "
          + "bash, for instance with sed.")
    }
  }
}
