/// Decides when a sandbox's part of the disk is looked at, and what a look means.
struct DiskRule: Sendable {
  typealias Instant = ContinuousClock.Instant

  struct Look: Sendable {
    /// Bytes; nil when something could not be looked at, and might be any size.
    var usage: Int64?
    /// What the disk had left before.
    var room: DiskRoom?
    var cost: Duration
    var end: Instant
  }

  /// Why what runs in a sandbox has to end.
  enum Finding: Sendable, Equatable {
    /// The workspace takes more than it may.
    case over
    /// The disk is almost full, and this sandbox goes on filling it.
    case diskFull
  }

  let limit: Int64
  let leastFree: Int64
  /// The most bytes that may be taken now: what was too much before a command is not its fault, and it may be
  /// there to remove it.
  private(set) var most: Int64
  private(set) var last: Look?
  /// Bytes taken when the disk was first found almost full; nil while it is not.
  private var usageWhenLow: Int64?
  /// What the disk had left at the last glance, and what it lost between glances since the last look. What others
  /// gave back meanwhile does not count.
  private var room: DiskRoom?
  private var used: Int64 = 0
  /// When a look was left out, because nothing ran that could have made anything.
  private var leftOut: Instant?

  init(limit: Int64, leastFree: Int64) {
    self.limit = limit
    self.leastFree = leastFree
    most = limit
  }

  /// A growth worth a look.
  var notable: Int64 { limit / 64 }

  /// Notes what the disk has left, which costs nothing to ask.
  mutating func glance(_ now: DiskRoom?) {
    guard let now else { return }
    if let room { used += now.used(since: room) }
    room = now
  }

  /// A look walks through everything, so looks are made in proportion to what they cost, and when the disk lost
  /// so much that it can be too much.
  func isDue(commandRuns: Bool, at now: Instant) -> Bool {
    guard let last else { return true }
    let age = now - max(last.end, leftOut ?? last.end)
    let longest = commandRuns ? max(.seconds(2), last.cost * 4) : max(.seconds(30), last.cost * 20)
    if age >= longest { return true }
    guard age >= max(.milliseconds(200), last.cost * 2), used > notable else { return false }
    return (last.usage ?? most) + used > most || isLow
  }

  private var isLow: Bool { room.map { $0.bytes < leastFree } ?? false }

  /// Notes that a look would have shown nothing new.
  mutating func leaveOut(at now: Instant) {
    leftOut = now
  }

  /// Looks that cannot see everything mean something only twice in a row: folders may be moved meanwhile.
  mutating func judge(_ look: Look) -> Finding? {
    let before = last
    last = look
    (room, used, leftOut) = (look.room ?? room, 0, nil)
    if isLow {
      let low = usageWhenLow ?? before?.usage ?? look.usage
      usageWhenLow = low
      if let low, let usage = look.usage, usage - low > notable { return .diskFull }
    } else {
      usageWhenLow = nil
    }
    guard let usage = look.usage else { return before.map { $0.usage == nil } == true ? .over : nil }
    return usage > most ? .over : nil
  }

  /// A command begins, or what ran has been ended: what is there now is accepted. A little more too: a file
  /// may take some more blocks when it is written out, and removing files may need some.
  mutating func accept(afterEnding: Bool = false) {
    most = max(limit, last?.usage.map { $0 + notable } ?? limit)
    if afterEnding { usageWhenLow = nil }
  }
}
