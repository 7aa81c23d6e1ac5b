import Cron
package import Jobs
import Primitives
package import Runs
package import Store

// Why something, or nothing, fired at a time: the facts are gathered here, and `AccountFacts` says them.
extension Schedules {
  /// What was decided about the time that a schedule names at or before a moment, in a sentence.
  package func account(_ tx: Transaction, _ schedule: Schedule, at asked: Account.Asked) throws -> Account {
    let facts = try facts(tx, schedule, at: asked)
    return Account(
      schedule: schedule.id, trigger: schedule.trigger, nominal: facts.nominal, isNamed: facts.isNamed,
      next: facts.next, firing: facts.firing, backfill: facts.backfill?.firing, sentence: facts.sentence)
  }

  private func facts(_ tx: Transaction, _ schedule: Schedule, at asked: Account.Asked) throws -> AccountFacts
  {
    let current = try Timetables.shared.timetable(of: schedule)
    let moment = asked.moment(in: current.zone)
    let edition = try edition(tx, schedule, at: moment)
    var then = schedule
    if let edition { (then.trigger, then.spec) = (edition.trigger, edition.spec) }
    let timetable = try edition == nil ? current : Timetables.shared.timetable(of: then)
    var facts = AccountFacts(then.spec.words, timetable, asked: asked)
    facts.change = edition.map {
      AccountFacts.Change(until: $0.until, before: $0.spec.words, since: schedule.spec.words)
    }
    if let nominal = facts.nominal {
      facts.fate = try fate(tx, then, timetable, nominal, isPresent: edition == nil)
      if let deed = try deed(tx, then, about: nominal), deed.kind == .unskip { facts.unskip = deed }
    }
    facts.backfill = try backfill(tx, schedule, asked: moment, about: facts.nominal)
    return facts
  }

  /// What became of one of the schedule's times.
  /// - Parameter isPresent: whether the schedule's text is the present one.
  private func fate(
    _ tx: Transaction, _ schedule: Schedule, _ timetable: Timetable, _ nominal: Timestamp, isPresent: Bool
  ) throws -> AccountFacts.Fate {
    if let firing = try runs.firing(tx, job: schedule.job, trigger: schedule.trigger, nominal: nominal) {
      return .fired(firing)
    }
    let isTooEarly = schedule.since.map { nominal <= $0 } ?? false
    if isTooEarly {
      let job = try jobs.job(tx, id: schedule.job)
      let firing = try past(tx, job, at: [nominal]).first { $0.kind != "backfill" || $0.job != schedule.job }
      if let firing { return .firedBefore(firing, job) }
    }
    if let span = try span(tx, job: schedule.job, trigger: schedule.trigger, at: nominal) {
      return .spanned(span)
    }
    if isTooEarly, let since = schedule.since { return .tooEarly(since: since) }
    if schedule.startsLeft == 0, nominal > schedule.cursor {
      return .usedUp(starts: schedule.starts ?? 0, last: schedule.cursor)
    }
    if nominal > time.now() {
      if let reason = try skipReason(tx, schedule, nominal) { return .toSkip(reason: reason) }
      return timetable.exclusion(at: nominal.seconds).map { .toExclude(name: $0.name) } ?? .toCome
    }
    return isPresent && nominal > schedule.cursor ? .undecided : .unrecorded
  }

  private func skipReason(_ tx: Transaction, _ schedule: Schedule, _ nominal: Timestamp) throws -> String? {
    try tx.row(
      "SELECT reason FROM schedule_skips WHERE job_id = $1 AND trigger_id = $2 AND nominal_at = $3",
      schedule.job, schedule.trigger, nominal)?["reason"]
  }

  /// What makes up for the time that was asked for, which only a later text may name, or else for the one that the
  /// account is about.
  private func backfill(
    _ tx: Transaction, _ schedule: Schedule, asked moment: Timestamp, about nominal: Timestamp?
  ) throws -> AccountFacts.Backfill? {
    let triggers = try triggers(tx, schedule)
    for nominal in [moment, nominal].compactMap(\.self) {
      if let firing = try runs.backfill(tx, job: schedule.job, triggers: triggers, nominal: nominal) {
        return AccountFacts.Backfill(firing: firing, nominal: nominal, isAsked: nominal == moment)
      }
    }
    return nil
  }

  /// What the ledger has about a time that somebody asks for, and that none of the job's schedules accounts for: of
  /// a trigger that was removed, or of a job that was archived.
  package func past(
    _ tx: Transaction, _ job: Job, at asked: Account.Asked, besides accounts: [Account]
  ) throws -> [Firing] {
    // Whose clocks are meant is what the last text says; whoever knows nothing says UTC.
    let zones = job.triggers.compactMap { trigger -> Zone? in
      guard case .schedule(let spec) = trigger.kind else { return nil }
      return try? Zone.named(spec.timezone)
    }
    let moments = Set((zones.isEmpty ? [.utc] : zones).map { asked.moment(in: $0) })
    let told = accounts.flatMap { [$0.firing?.id, $0.backfill?.id] }
    return try past(tx, job, at: moments.sorted()).filter { !told.contains($0.id) }
  }

  private func past(_ tx: Transaction, _ job: Job, at moments: [Timestamp]) throws -> [Firing] {
    try moments.flatMap { try runs.firings(tx, of: job, nominal: $0) }
  }
}
