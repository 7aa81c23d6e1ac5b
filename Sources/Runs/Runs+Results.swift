import JSON
package import Jobs
import Primitives
package import Store

// What is remembered of a job's runs for the next one: the last results, and starts.
extension Runs {
  /// Takes note of a run that has ended, for those of its job that follow.
  func remember(_ tx: Transaction, _ run: Run, _ state: Run.State) throws {
    if state == .succeeded {
      try tx.run(
        """
        INSERT INTO last_results (job_id, success_run) VALUES ($1, $2)
        ON CONFLICT (job_id) DO UPDATE SET success_run = EXCLUDED.success_run, failure_run = NULL
        """, run.job, run.id)
    } else if state.isFailure {
      try tx.run(
        """
        INSERT INTO last_results (job_id, failure_run) VALUES ($1, $2)
        ON CONFLICT (job_id) DO UPDATE SET failure_run = EXCLUDED.failure_run
        """, run.job, run.id)
    }
  }

  /// The template's `last`: `success` is the run that was the latest to succeed, `failure` the latest that
  /// failed since. Each is null when there is none.
  func lastResults(_ tx: Transaction, of job: String) throws -> JSON {
    guard let row = try tx.row("SELECT * FROM last_results WHERE job_id = $1", job) else {
      return ["success": .null, "failure": .null]
    }
    var (success, failure) = (JSON.null, JSON.null)
    if let id: String = try row["success_run"], let run = try find(tx, id) {
      success = [
        "message": run.result?["message"] ?? .null, "files": run.result?["files"] ?? [],
        "time": .string(orNull: run.endedAt?.description), "run_id": .string(id),
      ]
    }
    if let id: String = try row["failure_run"], let run = try find(tx, id) {
      failure = [
        "state": .string(run.state.rawValue), "reason": .string(orNull: run.reason),
        "time": .string(orNull: run.endedAt?.description), "run_id": .string(id),
      ]
    }
    return ["success": success, "failure": failure]
  }

  // MARK: Starts

  /// How many more runs a schedule starts; nil for no end. Starts by hand and made-up ones don't count.
  package func remainingStarts(_ tx: Transaction, _ job: Job, trigger: String) throws -> Int? {
    guard let limit = job.triggers.first(where: { $0.id == trigger })?.starts else { return nil }
    let row = try tx.row("SELECT starts FROM tallies WHERE job_id = $1 AND trigger_id = $2", job.id, trigger)
    return max(0, limit - (try row?["starts"] ?? 0))
  }

  /// Why the schedule starts nothing more; nil when it does.
  func usedUp(_ tx: Transaction, _ fire: Fire) throws -> String? {
    guard fire.occurrence.kind == "schedule",
      try remainingStarts(tx, fire.job, trigger: fire.occurrence.trigger) == 0
    else { return nil }
    let limit = fire.job.triggers.first { $0.id == fire.occurrence.trigger }?.starts ?? 0
    return
      "The schedule's \(limit == 1 ? "one start is" : "\(limit) starts are") used up. Raise “starts” in the job's file for more."
  }

  /// Only where somebody counts: the limit of a schedule counts from when it was written.
  func countStart(_ tx: Transaction, _ fire: Fire) throws {
    guard fire.occurrence.kind == "schedule",
      fire.job.triggers.contains(where: { $0.id == fire.occurrence.trigger && $0.starts != nil })
    else { return }
    try tx.run(
      """
      INSERT INTO tallies (job_id, trigger_id, starts) VALUES ($1, $2, 1)
      ON CONFLICT (job_id, trigger_id) DO UPDATE SET starts = tallies.starts + 1
      """, fire.job.id, fire.occurrence.trigger)
  }
}
