import Glibc
import Processes

/// The command line that makes a sandbox, for bubblewrap 0.7 or later (bwrap(1)).
struct BubblewrapArguments: Sendable {
  var bubblewrap: Bubblewrap
  /// Where the folders of the session are, as bubblewrap sees them.
  var base: String
  var limits: SandboxLimits
  /// Further host folders that are shown read-only at the same place.
  var readOnly: [String] = []
  /// Whether the environment's packages lie beside the workspace.
  var hasPackages = false
  /// Configuration that programs under `/usr` need and that tells nothing about this machine.
  static let harmless = [
    "/etc/alternatives", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ca-certificates", "/etc/ld.so.cache",
    "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/mime.types", "/etc/services",
    "/etc/protocols", "/etc/magic",
  ]

  /// - Parameter command: what becomes the first process. File 3 gets bubblewrap's report, file 4 has the filter
  ///   of system calls.
  func list(_ command: [String]) -> [String] {
    var list = [
      bubblewrap.path,
      "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
      "--unshare-cgroup",
    ]
    if bubblewrap.forbidsNamespaces { list.append("--disable-userns") }
    list += [
      "--uid", "\(Workspace.inside.user)", "--gid", "\(Workspace.inside.group)", "--hostname", "sandbox",
      "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv", "--cap-drop", "ALL", "--info-fd", "3",
      "--seccomp", "4",
      // The agent's; all that it must not change is mounted on top.
      "--bind", "\(base)/root", "/",
      "--ro-bind", "/usr", "/usr",
    ]
    for name in SandboxRoot.programs { list += Self.root(name) }
    list += ["--proc", "/proc"]
    // These name the keys of the service's user, which no namespace hides; nothing is there instead.
    for path in ["/proc/keys", "/proc/key-users"] where access(path, F_OK) == 0 {
      list += ["--ro-bind", "/dev/null", path]
    }
    list += [
      "--dev", "/dev",
      "--size", "\(limits.temporary)", "--tmpfs", "/dev/shm", "--remount-ro", "/dev",
      "--size", "\(limits.temporary)", "--tmpfs", "/tmp",
      "--tmpfs", "/etc",
    ]
    for path in Self.harmless + readOnly { list += ["--ro-bind-try", path, path] }
    for (name, _) in Workspace.etcFiles { list += ["--ro-bind", "\(base)/etc/\(name)", "/etc/\(name)"] }
    if hasPackages { list += ["--ro-bind", "\(base)/packages", Workspace.packagesInside] }
    list += [
      "--bind", "\(base)/workspace", "/workspace",
      "--bind", "\(base)/outputs", "/mnt/session/outputs",
      "--ro-bind", "\(base)/uploads", "/mnt/session/uploads",
      // Last: it lies in memory and would have no limit.
      "--remount-ro", "/etc", "--chdir", "/workspace", "--",
    ]
    return list + command
  }

  /// `/bin` and its like: links into `/usr` on most systems, folders on others, or not there. A mount even where it
  /// is a link: the agent could put something else in the place of a link.
  private static func root(_ name: String) -> [String] {
    access("/\(name)", F_OK) == 0 ? ["--ro-bind", "/\(name)", "/\(name)"] : []
  }
}
