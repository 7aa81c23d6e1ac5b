/// Why the queue refused.
package enum QueueError: Error, Hashable, Sendable {
  /// The lease is another's by now, or nobody's.
  case stale(kind: ItemKind, ref: String)
  case unknownWorker(String)
  case twoHandlers(ItemKind)
  case noCounter(String)
  case workerFile(path: String, reason: String)
}

extension QueueError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .stale(let kind, let ref):
      "The lease on the \(kind) \(ref) was lost to another worker or withdrawn. Nothing was changed; stop "
        + "working on it."
    case .unknownWorker(let id):
      "The worker \(id) was taken for dead, because its heartbeat stopped. It registers again by itself."
    case .twoHandlers(let kind):
      "Two handlers are registered for items of kind \(kind). Register one."
    case .noCounter(let name):
      "The queue's counter \(name) is missing from the database. Restore a backup."
    case .workerFile(let path, let reason):
      "The worker's file \(path) cannot be locked: \(reason). Check that this user may write to that "
        + "directory."
    }
  }
}
