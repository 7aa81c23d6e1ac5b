import Glibc

/// How many files and sockets this process may have open, and what it does with them.
struct OpenFiles: Equatable {
  /// Enough for every connection that the server and the proxies of its sandboxes take at a time.
  static let enough = 65_536
  /// What everything but the server's connections needs: the database and its readers, doorbells, models, deliveries,
  /// and what a session's sandbox takes.
  static let own = 128
  static let perSession = 16
  /// With less nothing can be served.
  static let fewest = 96
  /// Connections that the server takes when nothing keeps it from it, and those it keeps for webhooks and health.
  static let connections = 4096
  static let reserve = 256

  let limit: Int
  /// How many connections the server may take besides the reserve.
  let connections: Int
  let reserve: Int
  /// How many files would be enough for all of it.
  let needed: Int

  /// - Parameter sessions: how many are driven at once.
  init(limit: Int, sessions: Int) {
    self.limit = limit
    let others = OpenFiles.own + OpenFiles.perSession * sessions
    needed = others + OpenFiles.connections + OpenFiles.reserve
    // With few, the connections get half: sessions wait for each other, and clients would be locked out.
    let left = max(limit - others, limit / 2)
    let all = min(OpenFiles.connections + OpenFiles.reserve, max(24, left))
    reserve = min(OpenFiles.reserve, max(8, all / 8))
    connections = all - reserve
  }

  /// Raises the limit as far as the system lets this user, where it is lower. Sandboxes have a limit of their own.
  static func raise(sessions: Int) -> OpenFiles {
    var limit = rlimit()
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(files, &limit) == 0 else { return OpenFiles(limit: enough, sessions: sessions) }
    if limit.rlim_cur < rlim_t(enough) {
      var raised = limit
      raised.rlim_cur = min(rlim_t(enough), limit.rlim_max)
      if setrlimit(files, &raised) == 0 { limit = raised }
    }
    return OpenFiles(limit: Int(clamping: limit.rlim_cur), sessions: sessions)
  }

  /// What the operator should know; nil when there are enough.
  var warning: String? {
    guard limit < needed else { return nil }
    return
      "This process may have \(limit) files open; all connections and sessions together need \(needed). It takes "
      + "\(connections) connections at once until that is raised: LimitNOFILE=\(needed) in a systemd unit, `ulimit -n "
      + "\(needed)` in a shell."
  }
}
