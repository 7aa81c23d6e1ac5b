import Processes

/// No sandbox at all: the agent's commands run as the service's user, see its files, its network and its
/// processes, and can read its secrets. For machines that are sandboxes themselves, such as a container made
/// for one agent. Must be asked for with `--sandbox none`.
///
/// The folders have other paths here than the agent knows. The file tools translate them; commands find them
/// in `ERRAND_WORKSPACE`, `ERRAND_OUTPUTS` and `ERRAND_UPLOADS`. Limits hold for each process only. When the
/// service dies, background processes stay until `endLeftovers` finds them by the variable `ERRAND_SANDBOX`;
/// one that removed it from its environment and left its group is never found.
final class HostSandbox: Sandbox {
  let workspace: Workspace
  let environment: [String: String]
  let confinement: Confinement

  init(workspace: Workspace, limits: SandboxLimits, extra: [String: String]) {
    self.workspace = workspace
    var environment = Self.environment(extra, session: workspace.session)
    environment["HOME"] = workspace.work
    environment["ERRAND_WORKSPACE"] = workspace.work
    environment["ERRAND_OUTPUTS"] = workspace.outputs
    environment["ERRAND_UPLOADS"] = workspace.uploads
    self.environment = environment
    var confinement = Confinement()
    confinement.limits = limits.ofEachProcess(inUserNamespace: false, memoryIsGrouped: false)
    self.confinement = confinement
  }

  var isAlive: Bool { true }
  var directory: String { workspace.work }

  func place(_ path: String) -> String {
    for (inside, outside) in [
      ("/workspace", workspace.work), ("/mnt/session/outputs", workspace.outputs),
      ("/mnt/session/uploads", workspace.uploads),
    ] where path == inside || path.hasPrefix(inside + "/") {
      return outside + path.dropFirst(inside.count)
    }
    return path.hasPrefix("/") ? path : "\(workspace.work)/\(path)"
  }

  func end() async {
    // Only cancellation throws. What is left then is found by the marker at the next provisioning.
    try? await Leftovers(workspace: workspace).end()
  }
}
