import Domains
import Jobs
import Outbox
import Runs
import Store

// By whose clocks people read the times of a thing: those of the schedule that fired it, or of its job's schedules.
extension API {
  /// Nil when there is no such zone, or several.
  func timezone(_ tx: Transaction, of id: String) throws -> String? {
    switch ID.kind(of: id) {
    case "run": return try timezone(tx, of: domains.runs.run(tx, id))
    case "drun": return try timezone(tx, of: domains.runs.firing(tx, id))
    case "dlv": return try timezone(tx, of: domains.runs.run(tx, domains.outbox.delivery(tx, id).run))
    case "sesn":
      return try domains.runs.attempt(tx, ofSession: id).flatMap {
        try timezone(tx, of: domains.runs.run(tx, $0.run))
      }
    case "depl": return try domains.jobs.job(tx, id: id).timezone
    case "rcpt", "file", "agent", "env", "sevt": return nil
    default: return try? domains.jobs.job(tx, everNamed: id).timezone
    }
  }

  func timezone(_ tx: Transaction, of run: Run) throws -> String? {
    try timezone(tx, of: domains.runs.firing(tx, run.firing))
  }

  func timezone(_ tx: Transaction, of firing: Firing) throws -> String? {
    let job = try domains.jobs.job(tx, id: firing.job)
    return job.timezone(ofTrigger: firing.trigger)
  }
}
