package import Logging
package import Queue
import Store

/// Drives claimed sessions until they rest.
package struct SessionWorker: Sendable {
  let sessions: Sessions
  let driver: any Driver
  let workplaces: Workplaces
  let log: Logger

  package init(sessions: Sessions, driver: any Driver, workplaces: Workplaces, log: Logger) {
    self.sessions = sessions
    self.driver = driver
    self.workplaces = workplaces
    self.log = log
  }

  /// The handler for items of kind `session`.
  package func handler(concurrency: Int) -> Handler {
    Handler(kind: .session, concurrency: concurrency) { claim in try await drive(claim) }
  }

  func drive(_ claim: Claim) async throws {
    guard try await hasWork(claim) else {
      await workplaces.endFinished(claim.ref)
      return
    }
    let session = DrivenSession(id: claim.ref, claim: claim, sessions: sessions)
    while true {
      let settlement = try await driver.drive(session)
      let settled = try await sessions.database.write { tx in
        try sessions.settle(tx, claim, settlement)
      }
      if settled { break }
    }
    await workplaces.endFinished(claim.ref)
  }

  /// Whether there is anything to drive; if not, the item is finished. A session is due for nothing when an
  /// input's wake came after the drive that took it.
  private func hasWork(_ claim: Claim) async throws -> Bool {
    try await sessions.database.write { tx in
      try sessions.queue.holds(tx, claim)
      let session = try sessions.session(tx, claim.ref)
      let unread = try sessions.unread(tx, session.id)
      let isPaused = session.status == .rescheduling
      // An interrupt of a session that waits for answers is in the log, and the one who took it has died.
      let isHalfStopped =
        try session.isWaiting
        && sessions.log(tx, session.id, after: session.lastPosition - 1).last?.type != .statusIdle
      if session.turnOpen || isPaused || isHalfStopped
        || !Sessions.applicable(unread, to: session).inputs.isEmpty
      {
        return true
      }
      try sessions.queue.finish(tx, claim)
      return false
    }
  }
}
