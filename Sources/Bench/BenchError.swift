/// What keeps a measurement from being made.
enum BenchError: Error, CustomStringConvertible {
  case noProgram(path: String)
  case notHealthy(seconds: Int, output: String)
  case refused(what: String, status: Int, body: String)
  case system(what: String, errno: Int32)
  case unexpected(String)

  var description: String {
    switch self {
    case .noProgram(let path):
      "There is no program at \(path). Build it with “swift build”, or name it with --errand."
    case .notHealthy(let seconds, let output):
      "The server was not healthy within \(seconds) s. It printed:\n\(output)"
    case .refused(let what, let status, let body): "\(what) was answered with \(status): \(body)"
    case .system(let what, let errno): "\(what) failed with error \(errno)."
    case .unexpected(let sentence): sentence
    }
  }
}
