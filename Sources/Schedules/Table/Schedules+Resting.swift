import Jobs
import Primitives
import Store

// The schedules of an archived job rest, and go on as they were when its file is applied again: a disk that was away
// for a minute, or a job that somebody takes back, loses neither its account nor its pauses.
extension Schedules {
  /// Lays the schedules of an archived job by. What has come is superseded; what comes is decided when it is back.
  func rest(_ tx: Transaction, _ job: Job, now: Timestamp) throws {
    for old in try schedules(tx, ofJob: job.id) where old.pause == nil {
      var last = try finish(
        tx, old, now: now, supersedes: "The job was archived before this time was decided.")
      try save(tx, &last)
      try forgetSkips(tx, last)
    }
    try tx.run("DELETE FROM schedules_resting WHERE job_id = $1", job.id)
    try tx.run("INSERT INTO schedules_resting SELECT * FROM schedules WHERE job_id = $1", job.id)
    try tx.run("DELETE FROM schedules WHERE job_id = $1", job.id)
  }

  /// Takes up again what rested of a job that is back. The times between count as missed, as those of a downtime do:
  /// `catch_up` says which of them are made up for. A pause goes on, and accounts for its times itself.
  func resume(_ tx: Transaction, _ job: Job, now: Timestamp) throws {
    guard try tx.row("SELECT 1 FROM schedules_resting WHERE job_id = $1 LIMIT 1", job.id) != nil else {
      return
    }
    try tx.run("INSERT INTO schedules SELECT * FROM schedules_resting WHERE job_id = $1", job.id)
    try tx.run("DELETE FROM schedules_resting WHERE job_id = $1", job.id)
    for old in try schedules(tx, ofJob: job.id) where old.pause == nil {
      let isWanted = job.triggers.contains { $0.id == old.trigger }
      var last = try finish(
        tx, old, now: now,
        supersedes: isWanted ? nil : "The job was archived, and is back without this schedule.",
        unseen: .archived)
      try forgetSkips(tx, last)
      last.place(try Timetables.shared.timetable(of: last))
      try save(tx, &last)
    }
  }
}
