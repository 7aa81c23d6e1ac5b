import JSON
import Primitives
package import Sessions

/// Gives out hands that do nothing, and notes which workspaces were ended.
package final class RecordedProvider: HandsProvider {
  private let removals = Lock<[String]>([])
  private let given = Lock<[String]>([])

  package init() {}

  /// Sessions whose workspace was removed.
  package var removed: [String] { removals.withLock { $0 } }

  /// Sessions that hands were made for.
  package var made: [String] { given.withLock { $0 } }

  package var tools: [ToolDefinition] { [] }

  package func hands(for workplace: Workplace) throws -> any Hands {
    given.withLock { $0.append(workplace.session) }
    return IdleHands { [removals] in removals.withLock { $0.append(workplace.session) } }
  }

  package func endLeftovers(session: String, removingWorkspace: Bool) async {
    // It takes a while, in which others come.
    for _ in 0..<100 { await Task.yield() }
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
