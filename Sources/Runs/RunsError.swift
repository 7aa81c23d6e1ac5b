import Reading

/// What can be wrong with a request about runs.
package enum RunsError: Error, Equatable, CustomStringConvertible {
  case notFound(id: String)
  case ended(id: String, state: String)
  /// A firing that does not wait any more.
  case decided(id: String, decision: String)
  /// A start by hand that the job's overlap dropped.
  case notStarted(firing: String, reason: String)
  case jobArchived(name: String)
  /// The idempotency key came with another request before.
  case keyUsed(key: String)
  /// What the job names, an agent or an environment, is archived.
  case archived(kind: String, name: String, job: String)
  /// What the job names is not there any more.
  case gone(kind: String, id: String, job: String)
  /// A run's row names terms that are not there.
  case noTerms(hash: String)

  package var description: String {
    switch self {
    case .notFound(let id): id.hasPrefix("drun_") ? "There is no firing \(id)." : "There is no run \(id)."
    case .ended(let id, let state): "Run \(id) has ended already: \(state)."
    case .decided(let id, let decision):
      "Firing \(id) does not wait any more: \(decision). Only a waiting one can be called off."
    case .notStarted(let firing, let reason):
      "Nothing was started: \(reason) The firing is \(firing); give another overlap, such as buffer_one or "
        + "allow_all, to start it all the same."
    case .archived(let kind, let name, let job):
      "Job \(job) starts nothing because its \(kind) \(name) is archived. Apply the job with its \(kind)'s file "
        + "again, or name another \(kind) in the job."
    case .gone(let kind, let id, let job):
      "Job \(job) starts nothing because its \(kind) \(id) is deleted. Apply the job with its \(kind)'s file "
        + "again, or name another \(kind) in the job."
    case .keyUsed(let key):
      "Idempotency-Key: The key \(quoted(key)) came with another request before. Take a new one for each request."
    case .noTerms(let hash):
      "What the run was to do is missing from the database (terms \(hash)): the database was changed from outside, "
        + "or restored in part. Restore it whole."
    case .jobArchived(let name):
      "Job \(name) is archived and starts no more runs. Apply its file again to bring it back."
    }
  }
}
