import JSON
import Sessions

/// `write`: a whole file.
struct WriteTool: BuiltinTool {
  let name = "write"
  let description = """
    Write a file, replacing what is there. Missing directories are made. Relative paths belong to /workspace. \
    To change a part of a file, use edit.
    """
  let schema: JSON = [
    "type": "object",
    "properties": [
      "file_path": ["type": "string", "description": "Path of the file."],
      "content": ["type": "string", "description": "The whole content."],
    ],
    "required": ["file_path", "content"],
  ]

  func run(_ input: ToolInput, at hands: SandboxedHands) async throws -> ToolResult {
    let path = try input.path("file_path")
    let content = Array(try input.text("content").utf8)
    try await hands.requireRoom()
    try await SandboxFile(hands: hands, path: path).write(content)
    return ToolResult(text: "Wrote \(content.count) bytes to \(path).")
  }
}
