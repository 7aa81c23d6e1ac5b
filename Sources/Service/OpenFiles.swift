import Glibc

/// How many files and sockets this process may have open.
enum OpenFiles {
  /// Enough for every connection that the server and the proxies of its sandboxes take at a time.
  static let enough: rlim_t = 65_536

  /// Raises the limit as far as the system lets this user, where it is lower. Sandboxes have a limit of their own.
  static func raise() {
    var limit = rlimit()
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(files, &limit) == 0, limit.rlim_cur < enough else { return }
    limit.rlim_cur = min(enough, limit.rlim_max)
    // Where it fails, the server says by itself that descriptors are few.
    setrlimit(files, &limit)
  }
}
