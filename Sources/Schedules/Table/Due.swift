import Cron
import Jobs
import Primitives

/// What to do about the nominal times that have come: the decision of one schedule at one moment, without the
/// actions.
///
/// Times that came while the service was there to see them all start, however late the timer is. Earlier ones,
/// which a downtime swallowed, follow the catch-up policy. Excluded times and those somebody asked to skip start
/// nothing in either case. The times of a long downtime become one span, except for its last `rows`.
struct Due: Equatable {
  /// What is decided about one time.
  enum Verdict: Equatable {
    case start
    case missed(String)
    case skipped(String)
  }

  struct Item: Equatable {
    var nominal: Int64
    /// The nominal time with its jitter.
    var due: Timestamp
    var verdict: Verdict
    /// Whether nobody saw it come, and it starts late to make up for that.
    var isMadeUp = false
  }

  /// Missed times that are recorded together.
  struct Span: Equatable {
    /// Before the first and at the last of them.
    var after: Timestamp
    var until: Timestamp
    /// How many they are; nil for too many to count.
    var times: Int?
    var reason: String
  }

  /// Why nobody saw times come.
  enum Absence: String {
    case nobody = "Nobody was running"
    case archived = "The job was archived"
  }

  /// Each gets a row of the ledger, in order.
  var items: [Item] = []
  /// What lies before them.
  var span: Span?

  /// So many missed times get rows of their own.
  static let rows = 1000
  /// So many times seen are decided at once; the rest follow in the next decision.
  static let batch = 500
  /// So many are counted.
  static let countLimit = 100_000

  /// The moment up to which everything is decided.
  var cursor: Timestamp? { items.last.map { Timestamp(seconds: $0.nominal) } ?? span?.until }

  /// Nil when nothing has come.
  /// - Parameters:
  ///   - cursor: up to where everything is decided.
  ///   - since: from when on the service was there.
  ///   - skips: nominal times to leave out, with the reason.
  init?(
    _ timetable: Timetable, cursor: Timestamp, now: Timestamp, since: Timestamp, catchUp: CatchUp,
    skips: [Int64: String] = [:], absence: Absence = .nobody
  ) {
    func due(_ nominal: Int64) -> Timestamp {
      Timestamp(seconds: nominal) + .milliseconds(timetable.delay(of: nominal))
    }
    /// The last nominal time after the cursor whose due time passes.
    func last(_ bound: Int64, where passes: (Timestamp) -> Bool) -> Int64? {
      var time = timetable.previous(before: bound)
      // A jitter never reaches the next time, so one step back is enough.
      while let found = time, found > cursor.seconds, !passes(due(found)) {
        time = timetable.previous(before: found)
      }
      return time.flatMap { $0 > cursor.seconds ? $0 : nil }
    }
    guard let latest = last(now.seconds + 1, where: { $0 <= now }) else { return nil }
    var from = cursor.seconds
    if let unseen = last(min(latest, since.seconds) + 1, where: { $0 < since }) {
      missAll(timetable, after: cursor.seconds, through: unseen, absence, due: due)
      decide(timetable, now: now, catchUp: catchUp, skips: skips, absence)
      from = unseen
    }
    for time in timetable.occurrences(after: from).prefix(Due.batch) {
      let moment = due(time)
      guard time <= latest, moment <= now else { break }
      items.append(Item(nominal: time, due: moment, verdict: Due.rest(timetable, time, skips) ?? .start))
    }
  }

  /// Takes up everything that nobody saw, as missed for now.
  private mutating func missAll(
    _ timetable: Timetable, after start: Int64, through last: Int64, _ absence: Absence,
    due: (Int64) -> Timestamp
  ) {
    var time: Int64? = last
    while let nominal = time, nominal > start, items.count < Due.rows {
      items.append(Item(nominal: nominal, due: due(nominal), verdict: .missed("")))
      time = timetable.previous(before: nominal)
    }
    items.reverse()
    guard let older = time, older > start else { return }
    var times = 0
    for nominal in timetable.occurrences(after: start).prefix(Due.countLimit + 1) {
      guard nominal <= older else { break }
      times += 1
    }
    span = Span(
      after: Timestamp(seconds: start), until: Timestamp(seconds: older),
      times: times > Due.countLimit ? nil : times,
      reason: "\(absence.rawValue) from the first of these times to the last; they are too many to list.")
  }

  /// Applies the catch-up policy to what was missed.
  private mutating func decide(
    _ timetable: Timetable, now: Timestamp, catchUp: CatchUp, skips: [Int64: String], _ absence: Absence
  ) {
    let oldest = now - catchUp.window
    var room =
      switch catchUp.policy {
      case .none: 0
      case .latest: 1
      case .all: catchUp.limit
      }
    for index in items.indices.reversed() {
      let nominal = items[index].nominal
      if let rest = Due.rest(timetable, nominal, skips) {
        items[index].verdict = rest
      } else if Timestamp(seconds: nominal) < oldest {
        items[index].verdict = .missed(
          "\(absence.rawValue) at this time, and it was longer ago than the window of "
            + "\(DurationText.text(catchUp.window)) when \(absence == .nobody ? "somebody was again" : "it was back")."
        )
      } else if room > 0 {
        items[index].verdict = .start
        items[index].isMadeUp = true
        room -= 1
      } else {
        items[index].verdict = .missed(Due.missed(catchUp, absence.rawValue))
      }
    }
  }

  private static func missed(_ catchUp: CatchUp, _ absence: String) -> String {
    switch catchUp.policy {
    case .none: "\(absence) at this time, and the schedule makes up for nothing (catch_up: none)."
    case .latest: "\(absence) at this time; a later one is made up for instead (catch_up: latest)."
    case .all:
      "\(absence) at this time; the latest \(catchUp.limit) of those missed are made up for (catch_up: all)."
    }
  }

  /// Why a time starts nothing in any case.
  private static func rest(_ timetable: Timetable, _ time: Int64, _ skips: [Int64: String]) -> Verdict? {
    if let reason = skips[time] { return .skipped(reason) }
    return timetable.exclusion(at: time).map {
      .skipped("It is left out: \($0.name) is on the schedule's list.")
    }
  }
}
