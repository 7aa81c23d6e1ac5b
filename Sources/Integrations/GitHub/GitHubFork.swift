import JSON

/// Whether something of a fork is behind what GitHub tells of. Anybody can make one, and what they push to it runs in
/// the repository, in the name of whoever approved or repeated it.
enum GitHubFork {
  /// Whether a pull request comes from another repository than it goes to; nil when nothing says so. A fork that is
  /// gone is null.
  static func isHead(of pull: JSON) -> Bool? {
    guard let head = pull["head"] else { return nil }
    guard let from = head["repo"], let to = pull["base"]?["repo"] else { return true }
    return isSame(from, to) != true
  }

  /// Whether a deployment, a run, a job or a check is that of a fork.
  static func isBehind(_ body: JSON) -> Bool {
    let run = body["workflow_run"]
    let checks = [
      run, body["workflow_job"], body["check_run"], body["check_suite"], body["check_run"]?["check_suite"],
    ].compactMap(\.self)
    if let run, run.objectValue != nil {
      let own = run["repository"] ?? body["repository"] ?? .null
      if let head = run["head_repository"] {
        if isSame(head, body["repository"] ?? own) != true { return true }
      } else if run["event"]?.stringValue?.hasPrefix("pull_request") == true {
        return true
      }
    }
    // Of pushes to forks GitHub knows no branch here.
    if checks.contains(where: { $0["head_branch"] == .null }) { return true }
    let pulls = (checks + [body]).flatMap { $0["pull_requests"]?.arrayValue ?? [] }
    if pulls.contains(where: { isHead(of: $0) == true }) { return true }
    let refs = [body["ref"], body["deployment"]?["ref"], body["workflow_job"]?["deployment"]?["ref"]]
    return refs.contains { $0?.stringValue?.hasPrefix("refs/pull/") == true }
  }

  /// Whether two repositories are the same one; nil when nobody knows. A name can change, an id cannot.
  static func isSame(_ one: JSON, _ other: JSON) -> Bool? {
    if let left = one["id"]?.integerValue, let right = other["id"]?.integerValue { return left == right }
    for name in ["full_name", "url"] {
      if let left = one[name]?.stringValue, let right = other[name]?.stringValue {
        return left.lowercased() == right.lowercased()
      }
    }
    return nil
  }
}
