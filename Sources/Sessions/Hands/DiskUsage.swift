import Primitives

/// How much of the disk a workspace takes. A look walks through all of it, so looks are made in proportion to
/// what they cost.
final class DiskUsage: Sendable {
  private struct Look {
    /// Bytes; nil when something could not be looked at.
    let usage: Int64?
    let cost: Duration
    let end: ContinuousClock.Instant
  }
  private let workspace: Workspace
  private let last = Lock<Look?>(nil)

  init(_ workspace: Workspace) {
    self.workspace = workspace
  }

  /// By a look made now. Nil when something could not be looked at, and might be any size.
  @discardableResult
  func usage() async throws -> Int64? {
    let workspace = workspace
    let look = try await DiskThread.run {
      let clock = ContinuousClock()
      let start = clock.now
      let usage = try workspace.allocated()
      return Look(usage: usage, cost: clock.now - start, end: clock.now)
    }
    last.withLock { $0 = look }
    return look.usage
  }

  /// By the last look, or by the first.
  func lastUsage() async throws -> Int64? {
    if let look = last.withLock({ $0 }) { look.usage } else { try await usage() }
  }

  /// Looks again when twenty times the cost of the last look has gone by, so that looking takes at most a
  /// twentieth of the time.
  func lookIfDue() async throws {
    if let look = last.withLock({ $0 }), ContinuousClock().now - look.end < look.cost * 20 { return }
    try await usage()
  }

  /// By the last look.
  func isOver(_ limit: Int64) -> Bool {
    last.withLock { look in look.map { ($0.usage ?? .max) > limit } ?? false }
  }
}
