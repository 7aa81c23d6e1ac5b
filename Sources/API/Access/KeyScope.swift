/// What the bearer of a key may do.
package enum KeyScope: String, Sendable, CaseIterable {
  /// Everything, also jobs, their sources, and keys.
  case admin
  /// The wire API and runs: agents, environments, sessions, files; read everything.
  case run
  /// Read everything that has no secrets; nothing does.
  case read
  /// Start jobs, and nothing else: for programs that trigger.
  case hooks

  /// Whether a key with this scope may do what needs another.
  func covers(_ needed: KeyScope) -> Bool {
    switch self {
    case .admin: true
    case .run: needed != .admin
    case .read, .hooks: needed == self
    }
  }
}
