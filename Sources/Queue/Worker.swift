package import Logging
package import Primitives
import Store

/// Claims items as they become due and hands each to the handler of its kind.
///
/// It holds its leases by being alive: it counts heartbeats in its row, and it holds a file lock. Every worker
/// looks after the others and takes the leases of dead ones back. What a handler may still write is decided by
/// the fence, which each of its writes checks.
package final class Worker: Sendable {
  /// How the worker runs. The defaults suit everybody; tests turn some of them.
  package struct Options: Sendable {
    /// Between two signs of life. A worker that misses two is dead.
    package var heartbeat: Duration = .seconds(15)
    /// The longest pause before looking again, should a doorbell not have been heard. Dead workers on this
    /// machine are looked for as often.
    package var poll: Duration = .seconds(1)
    /// How long handlers may take to end once the worker is stopped. Less than two heartbeats: there are none
    /// meanwhile.
    package var grace: Duration = .seconds(10)
    package var backoff = Backoff()
    package var randomness = Randomness.system
    package var logger = Logger(label: "queue")
    /// Called when the worker finds that it was taken for dead, before it registers again.
    package var onLost: @Sendable () async -> Void = {}

    package init() {}
  }

  private struct State {
    /// Handlers at work, by the fence of their claim.
    var running: [Int64: (claim: Claim, task: Task<Void, Never>)] = [:]
    /// A write failed after which this worker may hold leases it does not know of.
    var isDoubtful = false
  }

  package let id: String
  let queue: Queue
  let options: Options
  private let handlers: [ItemKind: Handler]
  private let state = Lock(State())
  /// Something to claim, or room for it.
  private let signal = Signal()

  var logger: Logger { options.logger }
  var directory: String { queue.database.directory + "/workers" }

  /// Throws `QueueError.twoHandlers`.
  package init(queue: Queue, handlers: [Handler], options: Options = .init()) throws {
    var byKind: [ItemKind: Handler] = [:]
    for handler in handlers where byKind.updateValue(handler, forKey: handler.kind) != nil {
      throw QueueError.twoHandlers(handler.kind)
    }
    self.queue = queue
    self.options = options
    self.handlers = byKind
    id = ID.make("wrkr", at: queue.time.now(), options.randomness)
  }

  /// Works until the task is cancelled; then stops claiming, cancels the handlers, waits for them up to the
  /// grace, and gives all leases back, due now and without an error counted. Throws only when it cannot start.
  package func run() async throws {
    let life = try LifeLock(of: id, in: directory)
    defer { life.release() }
    try await register()
    do {
      try await buryTheUnlocked()
    } catch {
      await stop()
      throw error
    }
    await withTaskGroup { group in
      group.addTask { await self.beat() }
      group.addTask { await self.watchLocks() }
      group.addTask { for await _ in self.queue.database.changes() { self.signal.set() } }
      while !Task.isCancelled { await pause(until: claim()) }
      group.cancelAll()
    }
    // This task is cancelled; what is left to do needs one that is not.
    await Task { await self.stop() }.value
  }

  func register() async throws {
    let (queue, id) = (queue, id)
    try await queue.database.write { try queue.register($0, id, on: .current) }
  }

  /// The worker was taken for dead: its leases are others' by now, so the work on them ends, and it registers
  /// again.
  func rise() async {
    logger.error("\(QueueError.unknownWorker(id))")
    for (_, task) in state.withLock({ $0.running.values }) { task.cancel() }
    await options.onLost()
    do {
      try await register()
      signal.set()
    } catch {
      logger.error("The worker could not register again; it tries at its next heartbeat. \(error)")
    }
  }

  // MARK: Claiming

  /// Claims all there is room for and starts the handlers. Returns when the next item is due, if any.
  private func claim() async -> Timestamp? {
    let (queue, id) = (queue, id)
    do {
      try await settleDoubts()
      while !Task.isCancelled {
        // Of a kind without room nothing is looked for: its handlers speak up when they end.
        let room = room.filter { $0.value > 0 }
        let look = try await queue.database.read { tx in
          (isReady: try queue.hasClaimable(tx, room: room), next: try queue.nextDue(tx, kinds: room.keys))
        }
        guard look.isReady else { return look.next }
        let claims = try await queue.database.write { tx in
          // A lease of a worker without a row would be nobody's to take back.
          guard try queue.isRegistered(tx, id) else { throw QueueError.unknownWorker(id) }
          return try queue.claim(tx, for: id, room: room)
        }
        for claim in claims { start(claim) }
      }
    } catch QueueError.unknownWorker {
      await rise()
    } catch {
      // If it was the claim, it may have been stored all the same.
      state.withLock { $0.isDoubtful = true }
      logger.error("Claiming failed and is tried again in \(options.poll.inSeconds) s. \(error)")
    }
    return nil
  }

  private var room: [ItemKind: Int] {
    let running = state.withLock { $0.running.values.map(\.claim.kind) }
    return handlers.mapValues { handler in handler.concurrency - running.count { $0 == handler.kind } }
  }

  /// Gives back what this worker holds without working on it.
  private func settleDoubts() async throws {
    let fences = state.withLock { state -> Set<Int64>? in
      guard state.isDoubtful else { return nil }
      state.isDoubtful = false
      return Set(state.running.keys)
    }
    guard let fences else { return }
    let (queue, id) = (queue, id)
    try await queue.database.write { try queue.handBack($0, id, except: fences) }
  }

  /// Waits until something happens, but no longer than until `due` or the next poll.
  private func pause(until due: Timestamp?) async {
    let time = queue.time
    var wait = options.poll
    if let due { wait = min(wait, max(.zero, due - time.now())) }
    let (duration, signal) = (wait, signal)
    await withTaskGroup { group in
      group.addTask {
        do { try await time.sleep(duration) } catch { return }
        signal.set()
      }
      await signal.wait()
      group.cancelAll()
    }
  }

  // MARK: Working

  private func start(_ claim: Claim) {
    guard let handler = handlers[claim.kind] else { return }
    state.withLock { state in
      // Not a child of `run`, which has to end though a handler does not heed its cancellation.
      let task = Task {
        await self.work(on: claim, with: handler)
        self.state.withLock { $0.running[claim.fence] = nil }
        self.signal.set()
      }
      state.running[claim.fence] = (claim, task)
    }
  }

  private func work(on claim: Claim, with handler: Handler) async {
    do {
      try await handler.handle(claim)
      try await releaseIfHeld(claim)
    } catch  where Task.isCancelled {
      // The worker stops and gives the lease back, or the lease was lost.
      logger.debug("The work on the \(claim.kind) \(claim.ref) was cancelled. \(error)")
    } catch {
      await fail(claim, error)
    }
  }

  /// Has the item tried again after a pause, if its lease is held still. A handler that says “stale” may mean
  /// another lease than its own, so only the row tells.
  private func fail(_ claim: Claim, _ error: any Error) async {
    let queue = queue
    let pause = options.backoff.delay(errors: claim.errors, chance: options.randomness.fraction())
    let due = queue.time.now() + pause
    do {
      try await queue.database.write { try queue.reschedule($0, claim, due: due, failed: true) }
      logger.error(
        "The \(claim.kind) \(claim.ref) failed and is tried again in \(pause.inSeconds) s. \(error)")
    } catch QueueError.stale {
      logger.info("The \(claim.kind) \(claim.ref) was lost or withdrawn while it was worked on. \(error)")
    } catch let refusal {
      state.withLock { $0.isDoubtful = true }
      logger.error(
        "The \(claim.kind) \(claim.ref) failed and could not be rescheduled. \(error) \(refusal)")
    }
  }

  /// A handler that has given nothing back gets its item again at once.
  private func releaseIfHeld(_ claim: Claim) async throws {
    let queue = queue
    do {
      try await queue.database.read { try queue.holds($0, claim) }
    } catch QueueError.stale {
      return
    }
    logger.warning("The \(claim.kind) \(claim.ref) was neither finished nor rescheduled; it is due again.")
    try await queue.database.write { tx in
      try queue.release(tx, claim, due: queue.time.now(), errors: claim.errors, crashes: claim.crashes)
    }
  }

  // MARK: Stopping

  private func stop() async {
    let (queue, id) = (queue, id)
    for (_, task) in state.withLock({ $0.running.values }) { task.cancel() }
    await waitForHandlers()
    for (claim, _) in state.withLock({ $0.running.values }) {
      logger.warning(
        "The work on the \(claim.kind) \(claim.ref) did not end in time; its lease is given back.")
    }
    do {
      try await queue.database.write { tx in
        try queue.handBack(tx, id)
        try queue.unregister(tx, id)
      }
    } catch {
      // The file lock ends with this process, and others then take the leases back.
      logger.error("The leases could not be given back. \(error)")
    }
  }

  private func waitForHandlers() async {
    let (time, grace, signal) = (queue.time, options.grace, signal)
    let isOver = Lock(false)
    await withTaskGroup { group in
      group.addTask {
        do { try await time.sleep(grace) } catch { return }
        isOver.withLock { $0 = true }
        signal.set()
      }
      while !isOver.withLock({ $0 }), !state.withLock({ $0.running.isEmpty }) { await signal.wait() }
      group.cancelAll()
    }
  }
}
