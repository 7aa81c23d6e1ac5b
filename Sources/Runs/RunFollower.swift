package import Store

/// Whoever follows what becomes of runs and firings, in the transactions that decide it.
package protocol RunFollower: Sendable {
  /// A run has ended; nothing that waited for its end has started yet.
  func finished(_ tx: Transaction, _ finished: Finished) throws
  /// A firing could not start.
  func failedToStart(_ tx: Transaction, _ firing: Firing) throws
  /// A firing that had to wait has its decision. Its trigger is the one that it belongs to by then.
  func decided(_ tx: Transaction, _ firing: Firing) throws
}
