import Jobs

/// What a job's text says about its schedule: one row of the table of policies.
struct Policy: Equatable {
  /// Between two times, in seconds; they are its multiples.
  var period: Int64 = 60
  var jitter: Int64 = 0
  var catchUp = CatchUp.Policy.latest
  var window: Int64 = 86_400
  var limit = 100
  var overlap = Overlap.skip
  var expires: Int64?
  var starts: Int?
  var pauseAfter: Int?

  /// Whether the schedule reads the same, whatever the job around it says.
  func hasSameTimes(as other: Policy) -> Bool {
    period == other.period && jitter == other.jitter && catchUp == other.catchUp && window == other.window
      && limit == other.limit && starts == other.starts && pauseAfter == other.pauseAfter
  }
}

/// An occurrence, as a ledger names it.
enum Entry: Hashable {
  case schedule(Int64)
  case backfill(Int64)
  case manual(Int)
}

/// The policies of schedules and overlaps, as naively as they can be said: everything is a list that is walked
/// from its beginning. Times are Unix times in seconds; moments, which have fractions, are in milliseconds.
struct PolicyRules {
  struct Open: Equatable {
    var entry: Entry
    var expires: Int64?
    var isDriven = false
    var isEnding = false
  }

  struct Held: Equatable {
    var entry: Entry
    var rule: Overlap
    var expires: Int64?
  }

  var policy: Policy
  /// The schedule's id, from which its jitter is drawn.
  var seed: String
  var now: Int64
  /// From when on somebody watches.
  var since: Int64
  var cursor: Int64
  var isPaused = false
  var left: Int?
  var used = 0
  var failures = 0
  var skips: Set<Int64> = []
  var ledger: [Entry: String] = [:]
  /// Times of pauses; they have no rows of their own.
  var spanned: Set<Int64> = []
  var open: [Open] = []
  var held: [Held] = []

  init(_ policy: Policy, seed: String, now: Int64) {
    self.policy = policy
    self.seed = seed
    self.now = now
    since = now
    cursor = now / 1000
    left = policy.starts
  }

  // MARK: Times

  var isActive: Bool { !isPaused && left != 0 }

  func following(_ time: Int64) -> Int64 { (time / policy.period + 1) * policy.period }

  var next: Int64? { isActive ? following(cursor) : nil }

  private func due(_ time: Int64, by policy: Policy) -> Int64 {
    guard policy.jitter > 0 else { return time * 1000 }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in Array(seed.utf8) + [0x1F] + Array("\(time)".utf8) {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
    hash = (hash ^ hash >> 33) &* 0xc4ce_b9fe_1a85_ec53
    hash ^= hash >> 33
    return time * 1000 + Int64(hash % UInt64(min(policy.jitter, policy.period) * 1000))
  }

  /// What the timer does.
  mutating func tick() {
    if isActive { decide(by: policy) }
  }

  private mutating func decide(by text: Policy, jitters: Bool = true) {
    var text = text
    if !jitters { text.jitter = 0 }
    // A clock that was set back: what comes again is seen.
    since = min(since, now)
    let seen = since - 1000
    var times: [Int64] = []
    var time = (cursor / text.period + 1) * text.period
    while due(time, by: text) <= now {
      times.append(time)
      time += text.period
    }
    let candidates = times.filter {
      due($0, by: text) < seen && !skips.contains($0) && $0 * 1000 >= now - text.window * 1000
    }
    let madeUp =
      switch text.catchUp {
      case .none: candidates.suffix(0)
      case .latest: candidates.suffix(1)
      case .all: candidates.suffix(text.limit)
      }
    for time in times {
      cursor = max(cursor, time)
      if skips.contains(time) {
        ledger[.schedule(time)] = "skipped"
      } else if due(time, by: text) < seen, !madeUp.contains(time) {
        ledger[.schedule(time)] = "missed"
      } else {
        // All that is made up for waits its turn, where it would be dropped else.
        let waits =
          text.catchUp == .all && madeUp.contains(time) && [.skip, .bufferOne].contains(policy.overlap)
        fire(.schedule(time), waits ? .bufferAll : policy.overlap)
        if text.starts != nil { left = remaining }
        if left == 0 { return }
      }
    }
  }

  // MARK: Deeds

  private var remaining: Int? { policy.starts.map { max(0, $0 - used) } }

  mutating func pause() {
    isPaused = true
    for case .schedule(let time) in held.map(\.entry) { ledger[.schedule(time)] = "skipped" }
    held.removeAll { if case .schedule = $0.entry { true } else { false } }
  }

  mutating func unpause() {
    guard isPaused else { return }
    isPaused = false
    failures = 0
    closePause(by: policy)
  }

  private mutating func closePause(by text: Policy) {
    for time in stride(
      from: (cursor / text.period + 1) * text.period, through: now / 1000, by: Int(text.period))
    {
      ledger[.schedule(time)] = "skipped"
      spanned.insert(time)
    }
    cursor = max(cursor, now / 1000)
  }

  mutating func skip() {
    guard isActive else { return }
    var time = following(cursor)
    while skips.contains(time) { time += policy.period }
    skips.insert(time)
  }

  /// The times that may be taken back.
  var coming: [Int64] { skips.filter { $0 > cursor && $0 % policy.period == 0 }.sorted() }

  mutating func edit(to new: Policy) {
    let old = policy
    policy = new
    if new.hasSameTimes(as: old) { return }
    if isPaused {
      closePause(by: old)
    } else if left != 0 {
      // The old text decides what has come under it, without waiting for its jitter.
      decide(by: old, jitters: false)
    }
    left = remaining
    cursor = max(cursor, now / 1000)
  }

  mutating func byHand(_ number: Int, _ rule: Overlap?) {
    fire(.manual(number), rule ?? policy.overlap)
  }

  /// - Returns: false when there is nothing to make up for.
  mutating func backfill(from: Int64, to: Int64, _ rule: Overlap?) -> Bool {
    let times = stride(
      from: (from + policy.period - 1) / policy.period * policy.period, through: to, by: Int(policy.period)
    )
    .filter { !isActive || $0 <= cursor }
    for time in times {
      let known = [ledger[.schedule(time)], ledger[.backfill(time)]]
      if known.contains("held") || known.contains("started") { continue }
      fire(.backfill(time), rule ?? policy.overlap)
    }
    return !times.isEmpty
  }

  // MARK: Overlap

  private mutating func fire(_ entry: Entry, _ rule: Overlap) {
    var isScheduled = false
    var base = now
    if case .schedule(let time) = entry { (isScheduled, base) = (true, time * 1000) }
    let expires = policy.expires.map { base + $0 * 1000 }
    if let expires, expires <= now {
      ledger[entry] = "missed"
      return
    }
    if isScheduled, remaining == 0 {
      ledger[entry] = "skipped"
      return
    }
    let held = Held(entry: entry, rule: rule, expires: expires)
    let isFree = open.isEmpty && self.held.isEmpty
    switch rule {
    case .allowAll: start(held)
    case .skip: if isFree { start(held) } else { ledger[entry] = "skipped" }
    case .bufferOne:
      if isFree { start(held) } else if self.held.isEmpty { hold(held) } else { ledger[entry] = "skipped" }
    case .bufferAll: if isFree { start(held) } else { hold(held) }
    case .cancelOther, .terminateOther:
      for waiting in self.held where waiting.rule != .bufferAll { ledger[waiting.entry] = "superseded" }
      self.held.removeAll { $0.rule != .bufferAll }
      if rule == .terminateOther { open = [] }
      if open.isEmpty {
        start(held)
      } else {
        hold(held)
        self.held.insert(self.held.removeLast(), at: 0)
        for run in open { cancel(run.entry) }
      }
    }
  }

  private mutating func hold(_ waiting: Held) {
    ledger[waiting.entry] = "held"
    held.append(waiting)
  }

  /// - Returns: false when the schedule's starts are used up.
  @discardableResult
  private mutating func start(_ waiting: Held) -> Bool {
    if case .schedule = waiting.entry {
      if remaining == 0 {
        ledger[waiting.entry] = "skipped"
        return false
      }
      if policy.starts != nil { used += 1 }
    }
    ledger[waiting.entry] = "started"
    open.append(Open(entry: waiting.entry, expires: waiting.expires))
    return true
  }

  private mutating func release() {
    while open.isEmpty, !held.isEmpty {
      let first = held.removeFirst()
      if let expires = first.expires, expires <= now {
        ledger[first.entry] = "missed"
      } else if start(first) {
        return
      }
    }
  }

  // MARK: Runs

  mutating func begin(_ entry: Entry) {
    for place in open.indices where open[place].entry == entry { open[place].isDriven = true }
  }

  mutating func cancel(_ entry: Entry) {
    guard let place = open.firstIndex(where: { $0.entry == entry }) else { return }
    if open[place].isDriven { open[place].isEnding = true } else { end(entry, fails: nil) }
  }

  /// - Parameter fails: nil when it was cancelled.
  mutating func end(_ entry: Entry, fails: Bool?) {
    guard let run = open.first(where: { $0.entry == entry }) else { return }
    if case .schedule = entry, let fails, !run.isEnding {
      failures = fails ? failures + 1 : 0
      if fails, let limit = policy.pauseAfter, failures >= limit { pause() }
    }
    open.removeAll { $0.entry == entry }
    // Whoever is woken by the end and is too old is told so, though others of its line still run.
    if !open.isEmpty, let first = held.first, let expires = first.expires, expires <= now {
      ledger[held.removeFirst().entry] = "missed"
    }
    release()
  }

  /// What the worker does: looks at what is too old.
  mutating func work() {
    for waiting in held {
      guard let expires = waiting.expires, expires <= now, held.contains(waiting) else { continue }
      held.removeAll { $0 == waiting }
      ledger[waiting.entry] = "missed"
      release()
    }
    for run in open {
      if let expires = run.expires, expires <= now, !run.isDriven { cancel(run.entry) }
    }
  }
}
