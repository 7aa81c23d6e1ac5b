import JSON
import Jobs
import Primitives
import Queue
import Store

// A firing meets its line: the facts are gathered, the rule decides, and what it decided is done.
extension Runs {
  /// - Parameter fire: a new one.
  func admit(_ tx: Transaction, _ fire: Fire) throws -> Firing {
    let now = time.now()
    var fire = fire
    if let expiresAt = fire.expiresAt, expiresAt <= now {
      return try decide(tx, fire, .missed, reason: stale(fire, expiresAt))
    }
    if let reason = try usedUp(tx, fire) { return try decide(tx, fire, .skipped, reason: reason) }
    let turn: Turn?
    do {
      turn = try Turn(fire.job, fire.occurrence, context: .object(context(tx, fire)))
    } catch {
      return try decide(tx, fire, .failedToStart, reason: "No key: \(error)")
    }
    guard let turn else { return try launch(tx, fire, line: nil) }
    fire.firing.key = turn.key
    if turn.rule == .allowAll { return try launch(tx, fire, line: turn.line) }
    try lock(tx, fire.job.id, turn.line)
    var line = try line(tx, fire.job.id, turn)
    switch try admission(tx, fire, turn, &line) {
    case .start: return try launch(tx, fire, line: turn.line)
    case .skip(let reason): return try decide(tx, fire, .skipped, reason: reason)
    case .hold(let reason): return try hold(tx, fire, turn, line, reason: reason)
    case .join(let run):
      if let joined = try join(tx, fire, to: run, interrupting: turn.rule == .interrupt) {
        return joined
      }
      // Its session has closed its door, so the run is about to end.
      var ending = line
      ending.open[0].isEnding = true
      guard case .hold(let reason) = turn.rule.admission(ending, window: turn.window) else {
        return try decide(tx, fire, .skipped, reason: "Run \(run) takes no messages any more.")
      }
      return try hold(tx, fire, turn, line, reason: reason)
    case .replace(let runs, let waiting, let atOnce):
      return try replace(tx, fire, turn, line, runs: runs, waiting: waiting, atOnce: atOnce)
    }
  }

  /// What the rule says. What is on time comes before what makes up for other times: where there is no room to wait, the
  /// last of those gives its place up.
  private func admission(
    _ tx: Transaction, _ fire: Fire, _ turn: Turn, _ line: inout Line
  ) throws -> Admission {
    let admission = turn.rule.admission(line, window: turn.window)
    guard case .skip = admission, !fire.occurrence.isMadeUp,
      let last = try tx.row(
        """
        SELECT firing_id, line, size FROM held WHERE job_id = $1 AND made_up = 1
        ORDER BY position DESC, firing_id DESC LIMIT 1
        """, fire.job.id)
    else { return admission }
    var roomier = line
    roomier.waitingInJob -= 1
    roomier.sizeInJob -= try last["size"]
    if try last["line"] == turn.line { roomier.waiting -= 1 }
    let better = turn.rule.admission(roomier, window: turn.window)
    if case .skip = better { return admission }
    try decide(
      tx, last["firing_id"], .skipped,
      reason:
        "It made up for a time that had passed, and gave its place to firing \(fire.firing.id), which is on time: "
        + "\(line.waitingInJob) firings of the job waited, which is the most.")
    line = roomier
    return better
  }

  /// Whoever counts in a line, or frees it, holds its lock.
  func lock(_ tx: Transaction, _ job: String, _ line: String) throws {
    try tx.lock("line \(job) \(line)")
  }

  private func line(_ tx: Transaction, _ job: String, _ turn: Turn) throws -> Line {
    var line = Line()
    line.limit = turn.key == nil ? Line.jobLimit : Line.keyLimit
    line.open = try open(tx, job, turn.line, limit: turn.rule.replaces ? .max : 1)
    guard
      let head = try tx.row(
        "SELECT firing_id FROM held WHERE job_id = $1 AND line = $2 ORDER BY position LIMIT 1", job, turn.line
      )
    else {
      // The usual case. The counts are for those that may have to wait.
      if !line.open.isEmpty || turn.window != nil { try count(tx, job, turn.line, &line) }
      return line
    }
    line.next = try head["firing_id"]
    try count(tx, job, turn.line, &line)
    if turn.rule.replaces {
      line.replaceable = try tx.rows(
        "SELECT firing_id, rule FROM held WHERE job_id = $1 AND line = $2 ORDER BY position", job, turn.line
      ).filter { Rule(rawValue: try $0["rule"])?.isReplaceable == true }.map { try $0["firing_id"] }
    }
    return line
  }

  private func count(_ tx: Transaction, _ job: String, _ name: String, _ line: inout Line) throws {
    let counts = try tx.row(
      """
      SELECT COUNT(*) AS waiting, COALESCE(SUM(size), 0) AS size,
        COALESCE(SUM(CASE WHEN line = $2 THEN 1 ELSE 0 END), 0) AS here FROM held WHERE job_id = $1
      """, job, name)
    guard let counts else { return }
    line.waiting = try counts["here"]
    line.waitingInJob = try counts["waiting"]
    line.sizeInJob = try counts["size"]
  }

  /// The runs of a line that have not ended, the oldest first.
  func open(_ tx: Transaction, _ job: String, _ line: String, limit: Int) throws -> [Line.Open] {
    try tx.rows(
      """
      SELECT id, state, ending FROM runs WHERE job_id = $1 AND line = $2 AND ended_at IS NULL ORDER BY id LIMIT $3
      """, job, line, limit
    ).map { row in
      Line.Open(
        run: try row["id"], state: Run.State(rawValue: try row["state"]) ?? .queued,
        isEnding: try row["ending"] as String? != nil)
    }
  }

  /// - Parameter first: before everything that waits in its line.
  private func hold(
    _ tx: Transaction, _ fire: Fire, _ turn: Turn, _ line: Line, reason: String, first: Bool = false
  ) throws -> Firing {
    let (now, firing) = (time.now(), fire.firing)
    let context = JSON.object(fire.occurrence.context)
    let size = Int64(context.bytes.count)
    if line.sizeInJob + size > Line.sizeLimit, !first {
      return try decide(
        tx, fire, .skipped,
        reason: "It would have to wait, and has \(size) bytes: all that wait in a job have at most "
          + "\(Line.sizeLimit >> 20) MiB.")
    }
    // Only the first of a line collects; the others go with it.
    let readyAt = turn.rule == .coalesce && line.isFree ? turn.window.map { now + $0 } : nil
    let held = try note(tx, fire, reason: reason)
    try tx.run(
      """
      INSERT INTO held (firing_id, job_id, trigger_id, line, position, rule, context, size, ready_at, expires_at,
        made_up)
      SELECT $1, $2, $4, $3, \(first ? "COALESCE(MIN(position), 0) - 1" : "COALESCE(MAX(position), 0) + 1"),
        $5, $6, $7, $8, $9, $10 FROM held WHERE job_id = $2 AND line = $3
      """, firing.id, fire.job.id, turn.line, firing.trigger, turn.rule.rawValue, context, size, readyAt,
      fire.expiresAt, fire.occurrence.isMadeUp ? 1 : 0)
    try queue.push(
      tx, .start, firing.id, due: Held.due(readyAt: readyAt, expiresAt: fire.expiresAt, now: now))
    return held
  }

  /// Makes room for a firing by ending what runs.
  private func replace(
    _ tx: Transaction, _ fire: Fire, _ turn: Turn, _ line: Line, runs: [String], waiting: [String],
    atOnce: Bool
  ) throws -> Firing {
    for firing in waiting {
      try decide(tx, firing, .superseded, reason: "Firing \(fire.firing.id) came and takes its place.")
    }
    let reason = "A newer start of its job takes its place: firing \(fire.firing.id)."
    for run in runs {
      try edit(tx, run) { edit in
        if atOnce {
          try terminate(edit, reason: reason)
        } else {
          try end(edit, as: .cancelled, reason: reason)
        }
      }
    }
    // Those that nobody drives have ended right here.
    let stopping = try open(tx, fire.job.id, turn.line, limit: .max).filter(\.isEnding).map(\.run)
    if stopping.isEmpty { return try launch(tx, fire, line: turn.line) }
    return try hold(
      tx, fire, turn, line, reason: "It waits until \(stopping.joined(separator: ", ")) has stopped.",
      first: true)
  }

  func stale(_ fire: Fire, _ expiresAt: Timestamp) -> String {
    let late = DurationText.text(expiresAt - fire.freshAt)
    return
      "It could not start in time: it was due at \(fire.freshAt.inSentence) and is stale after \(late), since \(expiresAt.inSentence)."
  }
}
