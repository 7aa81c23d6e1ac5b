import Primitives
import Processes

/// Why a sandbox cannot work. What goes wrong inside a tool is a result, not one of these.
package enum HandsError: Error, CustomStringConvertible {
  case noBubblewrap(path: String)
  case noNamespaces(detail: String)
  case noShell
  case badSession(String)
  case badMount(path: String)
  case missingMount(path: String, source: String, detail: String)
  case failed(detail: String)
  case disk(action: String, path: String, errno: Int32)
  /// Every user id that sandboxes may have is taken.
  case noUser(range: String)
  /// Sandboxes cannot have the user ids that they should have.
  case users(range: String, detail: String)
  /// A process that was killed is still there.
  case undying(pid: Int32)
  case ended

  package var description: String {
    switch self {
    case .noBubblewrap(let path):
      """
      bubblewrap was not found at \(path): it keeps what agents run away from this machine. Install it with \
      `apt-get install bubblewrap`, or run agents without any isolation with `errand serve --sandbox none`.
      """
    case .noNamespaces(let detail):
      """
      bubblewrap cannot make a sandbox here: \(detail.hasSuffix(".") ? detail : detail + ".") User namespaces must be allowed (sysctl \
      user.max_user_namespaces above 0; kernel.unprivileged_userns_clone=1 on Debian; on Ubuntu an AppArmor \
      profile for bwrap). `errand serve --sandbox none` runs agents without any isolation.
      """
    case .noShell:
      "There is no /bin/bash, which the tools of agents need. Install it with `apt-get install bash`."
    case .badSession(let id):
      "The session id “\(id.prefix(80))” cannot name a folder: it may have letters, digits, “_” and “-” only."
    case .badMount(let path):
      "The mount path “\(path.prefix(200))” is not below /mnt/session/uploads, or leaves it with “..”."
    case .missingMount(let path, let source, let detail):
      "The file for \(path) cannot be copied from \(source): \(detail)."
    case .failed(let detail):
      "The sandbox did not start: \(detail)."
    case .disk(let action, let path, let errno):
      "The disk refused to \(action) \(path): \(ProcessError.text(errno))."
    case .noUser(let range):
      "No user id is left for another sandbox: each workspace has one, and all of \(range) are taken. End sessions that "
        + "nobody needs any more, or give sandboxes more ids with --sandbox-uids START:COUNT."
    case .users(let range, let detail):
      "Sandboxes cannot have the user ids \(range): \(detail). Name others that nobody has with --sandbox-uids "
        + "START:COUNT, or in /etc/subuid for errand."
    case .undying(let pid):
      "The process \(pid) of an earlier sandbox of the session was killed and does not end: the system holds it. Look at "
        + "/proc/\(pid)/wchan and at the kernel's log; nothing new is started beside it."
    case .ended:
      "The session's hands were ended; nothing can run in them any more."
    }
  }
}

extension HandsError: OperatorError {
  package var toldToClients: String {
    switch self {
    case .noBubblewrap: "bubblewrap was not found on the server. \(Self.whoKnows)"
    case .noNamespaces: "bubblewrap cannot make a sandbox on the server. \(Self.whoKnows)"
    case .missingMount(let path, _, _): "The file for \(path) cannot be copied there. \(Self.whoKnows)"
    case .failed: "The sandbox did not start. \(Self.whoKnows)"
    case .disk(let action, _, let errno):
      "The server's disk refused to \(action) a file of the sandbox: \(ProcessError.text(errno))."
    case .noUser: "The server has no user id left for another sandbox. \(Self.whoKnows)"
    case .users: "The server's sandboxes cannot have the user ids that they should have. \(Self.whoKnows)"
    case .undying:
      "A process of an earlier sandbox of the session was killed and does not end. \(Self.whoKnows)"
    case .noShell, .badSession, .badMount, .ended: description
    }
  }
}

extension ProcessError: OperatorError {
  package var toldToClients: String {
    switch self {
    case .notFound(let program, _):
      "The program \(ProcessError.name(program)) was not found on the server."
    case .notExecutable(let program, let errno):
      "The program \(ProcessError.name(program)) cannot be run on the server: \(ProcessError.text(errno))."
    case .directory(_, let errno): "The sandbox's folder cannot be worked in: \(ProcessError.text(errno))."
    case .system(_, let errno):
      "The system refused something that the sandbox needs: \(ProcessError.text(errno))."
    case .noRoom, .sandboxGone, .halted, .unusable: description
    }
  }

  private static func name(_ program: String) -> String {
    program.split(separator: "/").last.map(String.init) ?? program
  }
}
