import Logging
import Primitives
import Store

extension Worker {
  /// Gives signs of life, and buries those who give none.
  func beat() async {
    let (queue, id) = (queue, id)
    var silence = Silence()
    while true {
      do { try await queue.time.sleep(options.heartbeat) } catch { return }
      do {
        try await queue.database.write { try queue.beat($0, id) }
        let silent = silence.look(at: try await others())
        for worker in silent { try await bury(worker, because: "its heartbeat stopped") }
      } catch QueueError.unknownWorker {
        await rise()
      } catch {
        logger.error("The heartbeat failed; after two missed ones the leases are lost. \(error)")
      }
    }
  }

  /// Looks for workers of this machine whose process has ended.
  func watchLocks() async {
    while true {
      do { try await queue.time.sleep(options.poll) } catch { return }
      do {
        try await buryTheUnlocked()
      } catch {
        logger.error("Looking for dead workers failed and is tried again. \(error)")
      }
    }
  }

  /// Takes back the leases of all workers whose file lock is free.
  func buryTheUnlocked() async throws {
    for worker in try await others() where LifeLock.isFree(of: worker.id, in: directory) {
      try await bury(worker, because: "its process has ended")
      LifeLock.removeFile(of: worker.id, in: directory)
    }
  }

  private func others() async throws -> [WorkerRow] {
    let (queue, id) = (queue, id)
    return try await queue.database.read { try queue.workers($0).filter { $0.id != id } }
  }

  private func bury(_ worker: WorkerRow, because reason: String) async throws {
    let queue = queue
    guard let freed = try await queue.database.write({ try queue.bury($0, worker) }) else { return }
    logger.warning("The worker \(worker.id) on \(worker.host) is dead, \(reason); \(freed) items were freed.")
  }
}
