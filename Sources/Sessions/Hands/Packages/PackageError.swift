/// Why an environment's packages are not there. The agent reads it as the result of its first tool call.
enum PackageError: Error, Equatable, CustomStringConvertible {
  case failed(manager: String, names: [String], output: String)
  case timedOut(manager: String, limit: Duration)
  case tooLarge(limit: Int64)
  case noManager(String)
  case system(String)

  var description: String {
    "The environment's packages could not be installed, so this call was not made. " + reason
      + "\nFurther calls run without the packages."
  }

  private var reason: String {
    switch self {
    case .failed(let manager, let names, let output):
      "\(manager) failed for \(names.joined(separator: " ")):\n\(output)"
    case .timedOut(let manager, let limit): "\(manager) did not finish within \(limit.components.seconds) s."
    case .tooLarge(let limit): "They take more than the \(limit) bytes that a workspace may have."
    case .noManager(let manager): "This server has no \(manager)."
    case .system(let reason): reason
    }
  }
}
