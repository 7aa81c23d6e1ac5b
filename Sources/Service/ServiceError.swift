import Glibc

/// Why the service does not start.
package enum ServiceError: Error, Equatable, CustomStringConvertible {
  case dataDirectory(path: String, errno: Int32)
  case keyFile(path: String, errno: Int32)
  case emptyKeyFile(path: String)
  /// `ERRAND_API_KEY` holds a key of programs, so nobody could administer the server. `what` says why it may not.
  case weakKey(name: String, what: String)
  case modelWindow(given: String)
  /// This process may have so few files open that it could serve nobody.
  case fewFiles(limit: Int, needed: Int)
  /// What was given is not named: it may hold a password.
  case mirror(variable: String)

  package var description: String {
    switch self {
    case .dataDirectory(let path, let errno):
      "The data directory \(path) can't be used: \(String(cString: strerror(errno))). Name another with --data."
    case .keyFile(let path, let errno):
      "The key file \(path) can't be read or written: \(String(cString: strerror(errno)))."
    case .emptyKeyFile(let path):
      "The key file \(path) is empty. Remove it, and the next start writes a new one."
    case .weakKey(let name, let what):
      "ERRAND_API_KEY holds the key “\(name)”, which \(what): with it as the server's own key nobody could make jobs "
        + "or keys. Unset ERRAND_API_KEY, so that the key in the data directory counts, or name another data "
        + "directory with --data."
    case .mirror(let variable):
      "\(variable) is no address of the form https://host/path without a user and a password. Correct it, or unset "
        + "it to install packages from the public index."
    case .fewFiles(let limit, let needed):
      "This process may have only \(limit) files open. It needs \(OpenFiles.fewest) at least, and \(needed) to serve as "
        + "many as it can. Raise the limit: LimitNOFILE=\(needed) in a systemd unit, `ulimit -n \(needed)` in a shell."
    case .modelWindow(let given):
      "ERRAND_MODEL_WINDOW is “\(given)”. Expected how many tokens the model can read at once, at least 2000, such "
        + "as 32768; without it, what is known of each model counts."
    }
  }
}
