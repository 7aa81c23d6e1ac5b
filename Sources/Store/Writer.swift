import Primitives
import SQLite

/// The one connection that writes, on its own thread. It runs all closures that wait in one transaction and
/// answers after the one commit, so that many writers share one wait for the disk.
///
/// Each closure runs exactly once, inside a savepoint of its own: when it throws, only its own changes are
/// undone. Nobody is answered before the commit, not even those whose closure threw, because what they saw
/// may be undone with the rest of the batch.
struct Writer {
  /// A closure that waits, and how its caller is told.
  struct Job: Sendable {
    /// Runs the closure; returns how to hand its result over.
    let run: @Sendable (Transaction) throws -> @Sendable () -> Void
    let fail: @Sendable (any Error) -> Void
  }

  let path: String
  let connection: Connection
  let options: Database.Options
  let ring: @Sendable () -> Void
  let lockWait: LockWait

  /// Works until the inbox is closed and empty.
  func work(_ inbox: Inbox<Job>) {
    while true {
      let batch = inbox.take(upTo: options.batch)
      if batch.isEmpty { return }
      commit(batch)
    }
  }

  /// How a closure that has run will be answered once the batch is committed.
  private enum Outcome {
    case done(@Sendable () -> Void, Transaction)
    case failed(any Error)
  }

  private func commit(_ batch: [Job]) {
    let outcomes: [Outcome]
    do {
      outcomes = try transact(batch)
    } catch {
      for job in batch { job.fail(error) }
      return
    }
    do {
      try options.faults.at(.afterCommit)
    } catch {
      for job in batch { job.fail(StoreError.outcomeUnknown(reason: "\(error)")) }
      return
    }
    var rings = false
    for case .done(_, let transaction) in outcomes {
      for action in transaction.actions { action() }
      rings = rings || transaction.rings
    }
    if rings { ring() }
    for (job, outcome) in zip(batch, outcomes) {
      switch outcome {
      case .done(let answer, _): answer()
      case .failed(let error): job.fail(error)
      }
    }
  }

  /// Runs the whole batch and commits it. Throws when nothing of it is stored.
  private func transact(_ batch: [Job]) throws -> [Outcome] {
    try begin()
    do {
      let outcomes = try batch.map(attempt)
      do {
        try options.faults.at(.beforeCommit)
      } catch {
        throw StoreError.rolledBack(reason: "\(error)")
      }
      do {
        try ask("COMMIT")
      } catch {
        throw StoreError.rolledBack(reason: "\(error)")
      }
      return outcomes
    } catch {
      if connection.isInTransaction {
        // If this fails too, the next BEGIN says so to its own callers.
        try? ask("ROLLBACK")
      }
      throw error
    }
  }

  private func begin() throws {
    lockWait.begins()
    do {
      try ask("BEGIN IMMEDIATE")
      lockWait.ends()
    } catch {
      if case StoreError.locked = error { lockWait.isRefused() } else { lockWait.ends() }
      throw error
    }
  }

  /// Runs one closure in its savepoint. Throws only when the whole transaction is gone.
  private func attempt(_ job: Job) throws -> Outcome {
    try ask("SAVEPOINT closure")
    let transaction = Transaction(connection, access: .write, path: path, options: options)
    defer { transaction.end() }
    do {
      let answer = try job.run(transaction)
      try options.faults.at(.afterClosure)
      // A closure may have caught the error with which SQLite ended the transaction.
      guard connection.isInTransaction else { throw StoreError.transactionEnded }
      try ask("RELEASE closure")
      return .done(answer, transaction)
    } catch {
      guard connection.isInTransaction else {
        // SQLite does this when the disk is full or fails.
        throw StoreError.rolledBack(reason: "\(error)")
      }
      try ask("ROLLBACK TO closure")
      try ask("RELEASE closure")
      return .failed(error)
    }
  }

  private func ask(_ sql: String) throws {
    do {
      _ = try connection.run(sql)
    } catch {
      throw StoreError(error, path: path, patience: options.patience)
    }
  }
}
