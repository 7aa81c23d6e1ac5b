import Cron
package import Jobs
import Primitives
package import Runs

/// What decides what a schedule did about a time.
struct AccountFacts {
  /// What became of one of the schedule's times.
  enum Fate: Equatable {
    case fired(Firing)
    /// By a trigger, or a job, that was there before.
    case firedBefore(Firing, Job)
    /// It is decided together with others.
    case spanned(Span)
    /// It came before the schedule was applied.
    case tooEarly(since: Timestamp)
    /// The schedule had started as often as it may.
    case usedUp(starts: Int, last: Timestamp)
    /// It is still to come, and somebody asked to leave it out.
    case toSkip(reason: String)
    /// It is still to come, and the schedule's text leaves it out.
    case toExclude(name: String)
    case toCome
    case undecided
    case unrecorded
  }

  /// That the schedule had another text at the time that is asked for.
  struct Change: Equatable {
    /// When it was changed.
    var until: Timestamp
    var before: String
    var since: String
  }

  /// Something that makes up for a time.
  struct Backfill: Equatable {
    var firing: Firing
    var nominal: Timestamp
    /// Whether that is the time which was asked for.
    var isAsked: Bool
  }

  var asked: Account.Asked
  var moment: Timestamp
  /// The schedule's text at that time, in a few words, and what it names.
  var words: String
  var timetable: Timetable
  /// The last time that the schedule names up to the one that was asked for.
  var nominal: Timestamp?
  /// The one after it.
  var next: Timestamp?
  /// Nil when there is no nominal time.
  var fate: Fate?
  /// That a skip of the nominal time was taken back.
  var unskip: Deed?
  var change: Change?
  var backfill: Backfill?

  init(_ words: String, _ timetable: Timetable, asked: Account.Asked) {
    self.asked = asked
    self.words = words
    self.timetable = timetable
    moment = asked.moment(in: timetable.zone)
    nominal = timetable.previous(before: moment.seconds + 1).map { Timestamp(seconds: $0) }
    next = timetable.next(after: moment.seconds).map { Timestamp(seconds: $0) }
  }

  /// Whether the schedule names the time that was asked for.
  var isNamed: Bool { nominal?.seconds == moment.seconds }

  /// The firing that decided about the nominal time.
  var firing: Firing? {
    switch fate {
    case .fired(let firing), .firedBefore(let firing, _): firing
    default: nil
    }
  }

  var sentence: String {
    var sentences = [gap, isNamed ? nil : unnamed].compactMap(\.self)
    if let nominal, let fate {
      let words = [fate.words, taken].compactMap(\.self).joined(separator: " ")
      sentences.append(isNamed ? words : "About \(text(nominal)): \(words)")
    }
    return (sentences + [changed, madeUp].compactMap(\.self)).joined(separator: " ")
  }

  private func text(_ time: Timestamp) -> String {
    timetable.zone.local(at: time.seconds).description
  }

  /// What the clocks swallowed.
  private var gap: String? {
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
  private var unnamed: String {
    let name = "“\(words)”"
    if let start = timetable.start, moment.seconds < start {
      return "\(name) names no time before its start, \(text(Timestamp(seconds: start)))."
    }
    if let end = timetable.end, moment.seconds > end {
      return "\(name) names no time after its end, \(text(Timestamp(seconds: end)))."
    }
    let time = "\(text(moment)) (\(timetable.zone.name))"
    switch (nominal, next) {
    case (let before?, let after?):
      return "\(name) names no time at \(time): the one before is \(text(before)), the next \(text(after))."
    case (let before?, nil): return "\(name) names no time at \(time): the last was \(text(before))."
    case (nil, let after?): return "\(name) names no time at \(time): the first is \(text(after))."
    case (nil, nil): return "\(name) names no time at all."
    }
  }

  private var taken: String? {
    unskip.map {
      "It was to be skipped; \($0.by) took that back at \($0.at.inSentence): \($0.reason.asSentence)"
    }
  }

  private var changed: String? {
    change.map { change in
      "The schedule was “\(change.before)” until \(change.until.inSentence)"
        + (change.before == change.since
          ? "; since then its other settings are different." : ", and is “\(change.since)” since then.")
    }
  }

  /// That a time was made up for.
  private var madeUp: String? {
    backfill.map { backfill in
      let firing = backfill.firing
      let place = backfill.isAsked ? "" : " for \(backfill.nominal)"
      let at = firing.createdAt.inSentence
      switch (firing.decision, firing.run) {
      case (.started?, let run?): return "It was backfilled\(place) as \(run), at \(at)."
      case (nil, _): return "It is being backfilled\(place) since \(at): \(firing.reason ?? "it waits.")"
      case (let decision?, _):
        return
          "A backfill\(place) at \(at) came to nothing (\(decision.rawValue.replacing("_", with: " "))): \(firing.reason ?? "no reason is on record.")"
      }
    }
  }
}

extension AccountFacts.Fate {
  fileprivate var words: String {
    switch self {
    case .fired(let firing): firing.fate
    case .firedBefore(let firing, let job): Schedules.words(of: firing, job)
    case .spanned(let span):
      "\(span.decision.rawValue.prefix(1).uppercased())\(span.decision.rawValue.dropFirst()): \(span.reason)"
    case .tooEarly(let since):
      "The schedule was applied only later, at \(since.inSentence); what it would have named before does not count."
    case .usedUp(let starts, let last):
      "The schedule's \(starts == 1 ? "one start was" : "\(starts) starts were") used up before, the last at \(last.inSentence). "
        + "Raise “starts” in the job's file for more."
    case .toSkip(let reason): "It is still to come, and will be left out. \(reason)"
    case .toExclude(let name):
      "It is still to come, and will be left out: \(name) is on the schedule's list."
    case .toCome: "It is still to come."
    case .undecided:
      "It is due, and nothing has decided about it yet. Is a server running that works on this database "
        + "(`errand serve`, any role but api)?"
    case .unrecorded: "Nothing is on record about it."
    }
  }
}

extension Firing {
  /// What became of it, with the reason.
  fileprivate var fate: String {
    let decision = decision.map { $0.rawValue.replacing("_", with: " ") } ?? "held"
    return "\(decision.prefix(1).uppercased())\(decision.dropFirst()): \(reason ?? "no reason is on record.")"
  }
}

extension Schedules {
  /// What became of a time, and whose it was.
  package static func words(of firing: Firing, _ job: Job) -> String {
    let what = firing.kind == "backfill" ? "Backfilled at \(firing.createdAt.inSentence). " : ""
    let words = what + firing.fate
    if firing.job != job.id { return "\(words) That was an earlier job \(job.name), which was archived." }
    if let archivedAt = job.archivedAt {
      return "\(words) The job was archived at \(archivedAt.inSentence)."
    }
    if job.triggers.contains(where: { $0.id == firing.trigger }) { return words }
    return "\(words) That was its trigger \(firing.trigger)."
  }
}
