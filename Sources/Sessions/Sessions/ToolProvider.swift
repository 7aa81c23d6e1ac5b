package import JSON
package import Queue

/// A tool as the model is told of it.
package struct ToolDefinition: Sendable, Equatable {
  package var name: String
  package var description: String
  /// JSON Schema of the input.
  package var schema: JSON

  package init(name: String, description: String, schema: JSON) {
    self.name = name
    self.description = description
    self.schema = schema
  }

  /// `{name, description, input_schema}`, as the Messages API takes it.
  package var json: JSON {
    ["name": .string(name), "description": .string(description), "input_schema": schema]
  }
}

/// What a tool is called in: the session as it stands, its log so far, and the lease of whoever drives it.
package struct ToolSetting: Sendable {
  package var session: Session
  package var log: [Event]
  package var claim: Claim?

  package init(session: Session, log: [Event], claim: Claim? = nil) {
    self.session = session
    self.log = log
    self.claim = claim
  }
}

/// Tools of `agent_toolset_20260401`, with what runs them: what the model reads and what happens come from one
/// place. The driver is given a list of providers; a new tool is one more of them.
package protocol ToolProvider: Sendable {
  /// In the order models are shown them.
  var definitions: [ToolDefinition] { get }
  /// Whether they work in the session's sandbox, which is a worker's of the client where the environment is
  /// `self_hosted`.
  var usesSandbox: Bool { get }
  /// Runs one of them. What goes wrong inside the tool is an error *result*.
  /// - Throws: `SandboxError` when the sandbox itself cannot work, `CancellationError`.
  func execute(_ name: String, _ input: JSON, in setting: ToolSetting) async throws -> ToolResult
}

/// The tools that work in sessions' sandboxes.
package struct SandboxTools: ToolProvider {
  private let workplaces: Workplaces
  package let definitions: [ToolDefinition]
  package var usesSandbox: Bool { true }

  package init(_ workplaces: Workplaces) {
    self.workplaces = workplaces
    definitions = workplaces.provider.tools
  }

  package func execute(_ name: String, _ input: JSON, in setting: ToolSetting) async throws -> ToolResult {
    let hands = try await workplaces.hands(for: setting.session, setting.claim)
    do {
      return try await hands.execute(name, input)
    } catch let error as CancellationError {
      throw error
    } catch {
      throw SandboxError(error)
    }
  }
}
