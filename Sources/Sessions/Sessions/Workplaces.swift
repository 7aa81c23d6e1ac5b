package import Catalog
import JSON
package import Logging
import Primitives
package import Queue
import Store

/// The hands of the sessions that work on this machine, kept between drives, and what they leave: the files
/// under `/mnt/session/outputs`.
package actor Workplaces {
  private let sessions: Sessions
  private let files: Files
  nonisolated let provider: any HandsProvider
  private let node: String
  private let log: Logger
  private struct Live {
    var hands: any Hands
    var mounts: [Mount]
    /// The lease under which they work.
    let claim: Lock<Claim?>
  }
  private var live: [String: Live] = [:]
  /// Sessions whose hands are being made.
  private var making: [String: Task<any Hands, any Error>] = [:]

  /// - Parameter node: this machine's name; a session's workspace lives on one machine.
  package init(sessions: Sessions, files: Files, provider: any HandsProvider, node: String, log: Logger) {
    self.sessions = sessions
    self.files = files
    self.provider = provider
    self.node = node
    self.log = log
  }

  /// The session's hands, made at the first call. Nothing is provisioned before they are used.
  /// - Parameter claim: the lease of whoever needs them; checked again before each new sandbox.
  /// - Throws: `SandboxError` when they cannot be made.
  package func hands(for session: Session, _ claim: Claim? = nil) async throws -> any Hands {
    let mounts = session.resources.compactMap { resource -> Mount? in
      guard let path = resource["mount_path"]?.stringValue, let hash = resource["sha256"]?.stringValue
      else { return nil }
      return Mount(path: path, source: files.path(ofContent: hash), sha256: hash)
    }
    // The calls of one reply come together, and are to meet in one sandbox.
    while let making = making[session.id] { _ = await making.result }
    if let live = live[session.id], live.mounts == mounts {
      if let claim { live.claim.withLock { $0 = claim } }
      return live.hands
    }
    let task = Task {
      // Gone before those who wait look again: to wait for a task that is over holds the actor.
      defer { self.making[session.id] = nil }
      return try await self.make(session, mounts, claim)
    }
    making[session.id] = task
    return try await task.value
  }

  private func make(_ session: Session, _ mounts: [Mount], _ claim: Claim?) async throws -> any Hands {
    // Whoever has lost the session must not end what runs in its workspace now.
    let lease = Lock(claim)
    let permit = Permit { [sessions] in
      guard let claim = lease.withLock({ $0 }) else { return }
      try await sessions.database.read { tx in try sessions.queue.holds(tx, claim) }
    }
    try await permit.check()
    for mount in mounts {
      do { if let hash = mount.sha256 { _ = try await files.verifiedPath(of: hash) } } catch {
        log.error("The file \(mount.path) of \(session.id) cannot be mounted: \(error)")
        throw SandboxError(error)
      }
    }
    // Either other resources were mounted, or another process may have died with this session in its hands:
    // its processes end before new ones start. The agent's files stay.
    live[session.id] = nil
    await provider.endLeftovers(session: session.id, removingWorkspace: false)
    var workplace = Workplace(
      session: session.id, mounts: mounts,
      repositories: session.resources.compactMap(RepositoryMount.init(resource:)),
      networking: Networking(environment: session.environment, agent: session.agent),
      packages: Packages(environment: session.environment), environmentID: session.environmentID)
    workplace.permit = permit
    let hands: any Hands
    do { hands = try provider.hands(for: workplace) } catch { throw SandboxError(error) }
    let (id, node) = (session.id, node)
    try await sessions.database.write { tx in
      try tx.run("UPDATE sessions SET workspace = 'live', node = $2 WHERE id = $1", id, node)
    }
    live[session.id] = Live(hands: hands, mounts: mounts, claim: lease)
    return hands
  }

  /// Takes what lies under `/mnt/session/outputs` into the session's files; a changed file replaces its
  /// earlier state. Does nothing when no hands were provisioned.
  /// - Returns: the session's deliverables.
  /// - Throws: `SandboxError` when the sandbox cannot work.
  @discardableResult
  package func collect(_ session: DrivenSession) async throws -> [File] {
    let id = session.id
    guard let hands = try await provisioned(session) else {
      return try await sessions.database.read { [files] tx in try files.list(tx, session: id) }
    }
    let outputs: [OutputFile]
    do {
      outputs = try await hands.collect()
    } catch let error as CancellationError {
      throw error
    } catch {
      throw SandboxError(error)
    }
    var contents: [Files.Collected] = []
    for output in outputs {
      contents.append(
        Files.Collected(
          name: output.path, content: try await files.keep(copy: output.copy), mimeType: output.mimeType,
          metadata: output.metadata))
    }
    let kept = contents
    let (files, claim, sessions) = (files, session.claim, sessions)
    return try await sessions.database.write { tx in
      try sessions.queue.holds(tx, claim)
      return try files.replace(tx, session: id, with: kept)
    }
  }

  /// The bytes of a stored content.
  package nonisolated func bytes(_ sha256: String, size: Int64) throws -> [UInt8] {
    try files.bytes(of: Content(sha256: sha256, size: size))
  }

  /// Collects, and opens what was collected.
  /// - Parameters:
  ///   - limit: the most bytes of one file that are read.
  ///   - total: the most bytes of all files that are read, in the order of their names.
  package func deliverables(
    _ session: DrivenSession, readingUpTo limit: Int64, inAll total: Int64
  ) async throws -> [Deliverable] {
    var room = total
    return try await collect(session).map { file in
      var deliverable = Deliverable(path: file.filename, size: file.content.size, bytes: nil)
      if file.content.size <= min(limit, room) {
        deliverable.bytes = try files.bytes(of: file.content)
        room -= file.content.size
      }
      return deliverable
    }
  }

  /// The hands, if the session ever had some: those of a process that died are found again with their files.
  private func provisioned(_ session: DrivenSession) async throws -> (any Hands)? {
    if let live = live[session.id] { return live.hands }
    let id = session.id
    let isLive = try await sessions.database.read { tx in
      try tx.row("SELECT 1 AS found FROM sessions WHERE id = $1 AND workspace = 'live'", id) != nil
    }
    return isLive ? try await hands(for: session.session(), session.claim) : nil
  }

  /// Whether the workspace was given up: the session's worker removes it after its drive, and the next start of
  /// the service whatever was left.
  private nonisolated static func isFinished(_ tx: Transaction, _ id: String) throws -> Bool {
    try tx.row("SELECT 1 AS found FROM sessions WHERE id = $1 AND workspace = 'finished'", id) != nil
  }

  /// Removes the session's workspace if it was marked.
  package func endFinished(_ id: String) async {
    do {
      guard try await sessions.database.read({ tx in try Workplaces.isFinished(tx, id) }) else { return }
      await end(id)
      try await sessions.database.write { tx in
        try tx.run("UPDATE sessions SET workspace = 'none' WHERE id = $1 AND workspace = 'finished'", id)
      }
    } catch {
      // It stays marked, so the next start tries again.
      log.error("The workspace of \(id) was not removed: \(error)")
    }
  }

  /// The handler for items of kind `workspace`: removes what an archived or deleted session left on the disk.
  package nonisolated func handler() -> Handler {
    Handler(kind: .workspace, concurrency: 2) { [sessions] claim in
      await self.end(claim.ref)
      try await sessions.database.write { tx in
        try tx.run("UPDATE sessions SET workspace = 'none' WHERE id = $1", claim.ref)
        try sessions.queue.finish(tx, claim)
      }
    }
  }

  private func end(_ id: String) async {
    if let live = live.removeValue(forKey: id) {
      await live.hands.end()
    } else {
      await provider.endLeftovers(session: id, removingWorkspace: true)
    }
  }

  /// Removes the marked workspaces of this machine that an earlier process left.
  package func sweep() async throws {
    let node = node
    let finished = try await sessions.database.read { tx in
      try tx.rows("SELECT id FROM sessions WHERE workspace = 'finished' AND node = $1", node).map {
        try $0["id"] as String
      }
    }
    for id in finished { await endFinished(id) }
  }

  /// Lets go of all hands: this process was taken for dead, and others may be at work in the workspaces by now. Its
  /// own sandboxes end with their hands.
  package func forget() {
    live = [:]
  }

  /// Ends the sandboxes' processes when the service stops; workspaces that a later wake needs stay.
  package func stop() async {
    for id in live.keys { await provider.endLeftovers(session: id, removingWorkspace: false) }
    live = [:]
  }
}
