import JSON
import Primitives
package import Sessions

/// Gives out hands that do nothing, and notes which workspaces were ended.
package final class RecordedProvider: HandsProvider {
  private let removals = Lock<[String]>([])

  package init() {}

  /// Sessions whose workspace was removed.
  package var removed: [String] { removals.withLock { $0 } }

  package var tools: [ToolDefinition] { [] }

  package func hands(for workplace: Workplace) throws -> any Hands {
    IdleHands { [removals] in removals.withLock { $0.append(workplace.session) } }
  }

  package func endLeftovers(session: String, removingWorkspace: Bool) async {
    if removingWorkspace { removals.withLock { $0.append(session) } }
  }
}

private struct IdleHands: Hands {
  let removed: @Sendable () -> Void

  func execute(_ name: String, _ input: JSON) -> ToolResult { ToolResult(text: "") }
  func check(_ command: String, limit: Duration) -> CheckResult { CheckResult(exitCode: 0, tail: "") }
  func collect() -> [OutputFile] { [] }
  func end() { removed() }
}
