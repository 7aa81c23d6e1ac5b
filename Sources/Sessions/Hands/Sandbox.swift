import Processes

/// How agents are kept apart from the machine.
package enum SandboxKind: String, Sendable, CaseIterable {
  /// Namespaces of their own by bubblewrap: no network, no files but the session's, no other processes.
  case bubblewrap
  /// Nothing: the agent's commands can do whatever the service's user can.
  case none
}

/// Where a session's processes run, while it is up.
protocol Sandbox: AnyObject, Sendable {
  /// False when it has died by itself.
  var isAlive: Bool { get }
  /// What processes get, their variables included, to run in it.
  var environment: [String: String] { get }
  var confinement: Confinement { get }
  /// The folder the agent works in, as its processes see it.
  var directory: String { get }
  /// The path under which processes find what the agent calls `path`; relative ones belong to the workspace.
  func place(_ path: String) -> String
  /// Ends every process in it. The files stay.
  func end() async
}

extension Sandbox {
  /// Where programs are looked for.
  static var path: String { "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" }

  /// The variables every process of the agent gets.
  static func environment(_ extra: [String: String], session: String) -> [String: String] {
    let own = [
      "PATH": path, "LANG": "C.UTF-8", "TERM": "dumb", "USER": "agent", "LOGNAME": "agent",
      "SHELL": "/bin/bash",
      Leftovers.marker(session).name: Leftovers.marker(session).value,
    ]
    // Ours win, or the marker could be lost; PATH and locale are the caller's to change.
    return own.merging(extra) { mine, theirs in mine == session ? mine : theirs }
  }
}
