/// What the agent can put right: it becomes an error result, not an error of the session.
enum ToolError: Error, Equatable, CustomStringConvertible {
  case input(String)
  case missing(path: String)
  case isFolder(path: String)
  case notRegular(path: String)
  case forbidden(path: String)
  case tooLarge(path: String, limit: Int, advice: String)
  case timedOut(path: String)
  case full(limit: Int64)
  case failed(path: String, detail: String)

  var description: String {
    switch self {
    case .input(let sentence): sentence
    case .missing(let path): "There is no file \(path)."
    case .isFolder(let path): "\(path) is a directory, not a file. Use bash with `ls` to list it."
    case .notRegular(let path): "\(path) is not a regular file."
    case .forbidden(let path): "\(path) cannot be opened: permission denied."
    case .tooLarge(let path, let limit, let advice): "\(path) has more than \(limit) bytes. \(advice)"
    case .timedOut(let path): "\(path) took too long; it may lie on something that does not answer."
    case .full(let limit):
      "The workspace is over its limit of \(limit) bytes. Remove files with bash before you write more."
    case .failed(let path, let detail): "\(path): \(detail)"
    }
  }
}
