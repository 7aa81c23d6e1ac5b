import JSON
import Sessions

/// A tool of `agent_toolset_20260401` that runs in the sandbox. One file each; `BuiltinTools` lists them.
protocol BuiltinTool: Sendable {
  var name: String { get }
  /// What the model reads.
  var description: String { get }
  /// JSON Schema of the input; its properties are the fields that are accepted.
  var schema: JSON { get }
  /// Throws `ToolError` for what the agent can put right, and whatever keeps the sandbox from working.
  func run(_ input: ToolInput, at hands: SandboxedHands) async throws -> ToolResult
}

extension BuiltinTool {
  var fields: [String] { schema["properties"]?.objectValue.map { Array($0.keys) } ?? [] }

  var definition: ToolDefinition { ToolDefinition(name: name, description: description, schema: schema) }
}

enum BuiltinTools {
  static let all: [any BuiltinTool] = [
    BashTool(), ReadTool(), WriteTool(), EditTool(), GlobTool(), GrepTool(),
  ]

  /// The definitions of all tools, in the order models are shown them.
  static let definitions: [ToolDefinition] = all.map(\.definition)
}
