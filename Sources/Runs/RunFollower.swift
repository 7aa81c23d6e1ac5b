package import Store

/// Whoever is told what became of runs, once that is committed: nothing that a follower does can undo it.
package protocol RunFollower: Sendable {
  func finished(_ finished: Finished)
  func failedToStart(_ firing: Firing)
}

/// Whoever keeps rows in step with the ledger. What it throws undoes the decision.
package protocol LedgerFollower: Sendable {
  /// A firing that had to wait has its decision; called in the transaction that decides it. Its trigger is the one
  /// that it belongs to by then.
  func decided(_ tx: Transaction, _ firing: Firing) throws
}
