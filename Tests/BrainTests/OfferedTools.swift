import JSON

@testable import Brain
@testable import Sessions

/// The tools of the sandbox, without one.
struct OfferedTools: ToolProvider {
  let definitions = ScriptedProvider.tools
  let usesSandbox = true

  func execute(_ name: String, _ input: JSON, in setting: ToolSetting) -> ToolResult {
    ToolResult(text: "\(name) has run.")
  }
}
