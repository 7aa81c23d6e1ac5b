import Cron
import JSON
package import Jobs
import Primitives
package import Runs
package import Store

// Why something, or nothing, fired at a time.
extension Schedules {
  /// So many earlier texts of a schedule are kept.
  private static let editionLimit = 100

  /// What was decided about the time that a schedule names at or before a moment, in a sentence.
  package func account(_ tx: Transaction, _ schedule: Schedule, at asked: Account.Asked) throws -> Account {
    let current = try Timetables.shared.timetable(of: schedule)
    let moment = Schedules.moment(asked, in: current.zone)
    guard let edition = try edition(tx, schedule, at: moment) else {
      var account = try account(tx, schedule, current, at: asked, moment)
      try addBackfill(tx, schedule, moment, to: &account)
      return account
    }
    var old = schedule
    old.trigger = edition.trigger
    old.spec = edition.spec
    let timetable = try Timetables.shared.timetable(of: old)
    var account = try account(
      tx, old, timetable, at: asked, Schedules.moment(asked, in: timetable.zone), until: edition.until)
    account.sentence += " The schedule was “\(edition.spec.words)” until \(edition.until.inSentence)"
    account.sentence +=
      edition.spec.words == schedule.spec.words
      ? "; since then its other settings are different." : ", and is “\(schedule.spec.words)” since then."
    account.schedule = schedule.id
    account.trigger = schedule.trigger
    try addBackfill(tx, schedule, moment, to: &account)
    return account
  }

  /// Tells that a time was made up for: the one that was asked for, which only a later text may name, or the one
  /// that the account is about.
  private func addBackfill(
    _ tx: Transaction, _ schedule: Schedule, _ moment: Timestamp, to account: inout Account
  ) throws {
    let triggers = try triggers(tx, schedule)
    for nominal in [moment, account.nominal].compactMap(\.self) {
      guard
        let firing = try runs.backfill(tx, job: schedule.job, triggers: triggers, nominal: nominal)
      else { continue }
      account.backfill = firing
      let place = nominal == moment ? "" : " for \(nominal)"
      switch (firing.decision, firing.run) {
      case (.started?, let run?):
        account.sentence += " It was backfilled\(place) as \(run), at \(firing.createdAt.inSentence)."
      case (nil, _):
        account.sentence +=
          " It is being backfilled\(place) since \(firing.createdAt.inSentence): \(firing.reason ?? "it waits.")"
      case (let decision?, _):
        account.sentence +=
          " A backfill\(place) at \(firing.createdAt.inSentence) came to nothing (\(decision.rawValue.replacing("_", with: " "))): \(firing.reason ?? "no reason is on record.")"
      }
      return
    }
  }

  static func moment(_ asked: Account.Asked, in zone: Zone) -> Timestamp {
    switch asked {
    case .moment(let moment): moment
    case .wall(let wall): Timestamp(seconds: zone.instant(of: wall))
    }
  }

  /// - Parameter until: when the text was changed; nil for the present one.
  private func account(
    _ tx: Transaction, _ schedule: Schedule, _ timetable: Timetable, at asked: Account.Asked,
    _ moment: Timestamp, until: Timestamp? = nil
  ) throws -> Account {
    let nominal = timetable.previous(before: moment.seconds + 1).map { Timestamp(seconds: $0) }
    let next = timetable.next(after: moment.seconds).map { Timestamp(seconds: $0) }
    let isNamed = nominal?.seconds == moment.seconds
    var account = Account(
      schedule: schedule.id, trigger: schedule.trigger, nominal: nominal, isNamed: isNamed, next: next,
      firing: nil, sentence: "")
    var sentences: [String] = []
    if let words = Schedules.gap(timetable, asked, moment, isNamed: isNamed) { sentences.append(words) }
    if !isNamed {
      sentences.append(Schedules.unnamed(schedule, timetable, moment, nominal: nominal, next: next))
    }
    if let nominal {
      account.firing = try runs.firing(tx, job: schedule.job, trigger: schedule.trigger, nominal: nominal)
      var words: String
      if account.firing == nil, let since = schedule.since, nominal <= since,
        let firing = try past(tx, jobs.job(tx, id: schedule.job), at: [nominal])
          .first(where: { $0.kind != "backfill" || $0.job != schedule.job })
      {
        account.firing = firing
        words = try Schedules.words(of: firing, jobs.job(tx, id: schedule.job))
      } else {
        words = try fate(tx, schedule, timetable, nominal, account.firing, until: until)
      }
      if let deed = try deed(tx, schedule, about: nominal), deed.kind == .unskip {
        words +=
          " It was to be skipped; \(deed.by) took that back at \(deed.at.inSentence): \(deed.reason.asSentence)"
      }
      sentences.append(isNamed ? words : "About \(Schedules.text(nominal, timetable)): \(words)")
    }
    account.sentence = sentences.joined(separator: " ")
    return account
  }

  private static func text(_ time: Timestamp, _ timetable: Timetable) -> String {
    timetable.zone.local(at: time.seconds).description
  }

  /// What the clocks swallowed.
  private static func gap(
    _ timetable: Timetable, _ asked: Account.Asked, _ moment: Timestamp, isNamed: Bool
  ) -> String? {
    let zone = timetable.zone
    func words(_ wall: WallTime, _ instant: Int64) -> String {
      "The clocks in \(zone.name) never showed \(wall): they were set forward, to \(zone.local(at: instant))."
    }
    if case .wall(let wall) = asked,
      zone.instant(of: wall) + Int64(zone.offset(at: moment.seconds)) != wall.seconds
    {
      return words(wall, moment.seconds)
    }
    guard !isNamed, let swallowed = timetable.swallowed(before: moment.seconds) else { return nil }
    return words(swallowed.time, swallowed.change.instant)
  }

  /// Why a moment is none of the schedule's times.
  private static func unnamed(
    _ schedule: Schedule, _ timetable: Timetable, _ moment: Timestamp, nominal: Timestamp?, next: Timestamp?
  ) -> String {
    let name = "“\(schedule.spec.words)”"
    if let start = timetable.start, moment.seconds < start {
      return "\(name) names no time before its start, \(text(Timestamp(seconds: start), timetable))."
    }
    if let end = timetable.end, moment.seconds > end {
      return "\(name) names no time after its end, \(text(Timestamp(seconds: end), timetable))."
    }
    let time = "\(text(moment, timetable)) (\(timetable.zone.name))"
    switch (nominal, next) {
    case (let before?, let after?):
      return
        "\(name) names no time at \(time): the one before is \(text(before, timetable)), the next \(text(after, timetable))."
    case (let before?, nil):
      return "\(name) names no time at \(time): the last was \(text(before, timetable))."
    case (nil, let after?): return "\(name) names no time at \(time): the first is \(text(after, timetable))."
    case (nil, nil): return "\(name) names no time at all."
    }
  }

  /// What became of one of the schedule's times.
  private func fate(
    _ tx: Transaction, _ schedule: Schedule, _ timetable: Timetable, _ nominal: Timestamp, _ firing: Firing?,
    until: Timestamp?
  ) throws -> String {
    if let firing { return Schedules.words(of: firing) }
    if let span = try span(tx, job: schedule.job, trigger: schedule.trigger, at: nominal) {
      return
        "\(span.decision.rawValue.prefix(1).uppercased())\(span.decision.rawValue.dropFirst()): \(span.reason)"
    }
    let now = time.now()
    if let since = schedule.since, nominal <= since {
      return
        "The schedule was applied only later, at \(since.inSentence); what it would have named before does not count."
    }
    if let left = schedule.startsLeft, left == 0, nominal > schedule.cursor {
      return
        "The schedule's \(schedule.starts == 1 ? "one start was" : "\(schedule.starts ?? 0) starts were") used up before, the last at \(schedule.cursor.inSentence). "
        + "Raise “starts” in the job's file for more."
    }
    if nominal > now {
      if let reason = try skipReason(tx, schedule, nominal) {
        return "It is still to come, and will be left out. \(reason)"
      }
      if let exclusion = timetable.exclusion(at: nominal.seconds) {
        return
          "It is still to come, and will be left out: \(exclusion.name) is on the schedule's list."
      }
      return "It is still to come."
    }
    if until == nil, nominal > schedule.cursor {
      return
        "It is due, and nothing has decided about it yet. Is a server running that works on this database "
        + "(`errand serve`, any role but api)?"
    }
    return "Nothing is on record about it."
  }

  private static func words(of firing: Firing) -> String {
    let decision = firing.decision.map { $0.rawValue.replacing("_", with: " ") } ?? "held"
    return "\(decision.prefix(1).uppercased())\(decision.dropFirst()): "
      + (firing.reason ?? "no reason is on record.")
  }

  // MARK: Schedules that are gone

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
    let moments = Set((zones.isEmpty ? [.utc] : zones).map { Schedules.moment(asked, in: $0) })
    let told = accounts.flatMap { [$0.firing?.id, $0.backfill?.id] }
    return try past(tx, job, at: moments.sorted()).filter { !told.contains($0.id) }
  }

  private func past(_ tx: Transaction, _ job: Job, at moments: [Timestamp]) throws -> [Firing] {
    try moments.flatMap { try runs.firings(tx, of: job, nominal: $0) }
  }

  /// What became of a time, and whose it was.
  package static func words(of firing: Firing, _ job: Job) -> String {
    let what = firing.kind == "backfill" ? "Backfilled at \(firing.createdAt.inSentence). " : ""
    let words = what + words(of: firing)
    if firing.job != job.id { return "\(words) That was an earlier job \(job.name), which was archived." }
    if let archivedAt = job.archivedAt {
      return "\(words) The job was archived at \(archivedAt.inSentence)."
    }
    if job.triggers.contains(where: { $0.id == firing.trigger }) { return words }
    return "\(words) That was its trigger \(firing.trigger)."
  }

  private func skipReason(_ tx: Transaction, _ schedule: Schedule, _ nominal: Timestamp) throws -> String? {
    try tx.row(
      "SELECT reason FROM schedule_skips WHERE job_id = $1 AND trigger_id = $2 AND nominal_at = $3",
      schedule.job, schedule.trigger, nominal)?["reason"]
  }

  // MARK: Earlier texts

  /// A text that a schedule had.
  private struct Edition {
    var spec: ScheduleSpec
    /// The trigger's id at that time.
    var trigger: String
    /// When it was changed.
    var until: Timestamp
  }

  /// The text that a schedule had at a moment; nil when it was the present one.
  private func edition(_ tx: Transaction, _ schedule: Schedule, at moment: Timestamp) throws -> Edition? {
    try tx.row(
      """
      SELECT * FROM schedule_editions WHERE job_id = $1 AND trigger_id = $2 AND until_at >= $3
      ORDER BY until_at LIMIT 1
      """, schedule.job, schedule.trigger, moment
    ).map { row in
      Edition(
        spec: try Timetables.shared.spec(row["spec"]), trigger: try row["of_trigger"],
        until: try row["until_at"])
    }
  }

  /// The ids under which a schedule's times are in the ledger: its own, and those that it had with earlier texts.
  func triggers(_ tx: Transaction, _ schedule: Schedule) throws -> [String] {
    let earlier = try tx.rows(
      "SELECT DISTINCT of_trigger FROM schedule_editions WHERE job_id = $1 AND trigger_id = $2", schedule.job,
      schedule.trigger
    ).map { try $0["of_trigger"] as String }
    return [schedule.trigger] + earlier.filter { $0 != schedule.trigger }
  }

  /// Keeps the text that a schedule had until now, for whoever asks about its times later.
  /// - Parameter trigger: the id under which the schedule goes on.
  func keep(_ tx: Transaction, _ old: Schedule, as trigger: String, until now: Timestamp) throws {
    if trigger != old.trigger {
      try tx.run(
        "UPDATE schedule_editions SET trigger_id = $3 WHERE job_id = $1 AND trigger_id = $2", old.job,
        old.trigger, trigger)
    }
    try tx.run(
      """
      INSERT INTO schedule_editions (job_id, trigger_id, of_trigger, until_at, spec) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (job_id, trigger_id, until_at) DO NOTHING
      """, old.job, trigger, old.trigger, now, old.spec.json)
    try tx.run(
      """
      DELETE FROM schedule_editions WHERE job_id = $1 AND trigger_id = $2 AND until_at < (
        SELECT MIN(until_at) FROM (
          SELECT until_at FROM schedule_editions WHERE job_id = $1 AND trigger_id = $2
          ORDER BY until_at DESC LIMIT $3) AS latest)
      """, old.job, trigger, Schedules.editionLimit)
  }
}
