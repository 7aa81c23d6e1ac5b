package import Store

/// Whoever keeps something in step with the jobs. What it throws undoes the change.
package protocol JobFollower: Sendable {
  /// A job was created, updated, archived or brought back; called in the transaction that does it.
  func changed(_ tx: Transaction, _ job: Job) throws
}
