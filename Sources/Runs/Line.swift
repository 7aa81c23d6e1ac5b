import Primitives

/// The runs and firings of a job that take turns: those of one key, or those by time and by hand. The facts that
/// a rule decides on, counted under the line's lock.
struct Line: Equatable {
  /// A run that has not ended; queued and waiting ones count.
  struct Open: Equatable {
    var run: String
    var state: Run.State
    /// Whether something has decided already that it ends.
    var isEnding: Bool
  }

  /// The line of a job's starts by time, by hand and by backfill.
  static let times = "times"

  /// The line of a webhook's key.
  static func ofKey(_ key: String) -> String { "key:\(key)" }

  /// So many firings wait in a job at most.
  static let jobLimit = 1000
  /// So many firings wait for one key at most.
  static let keyLimit = 100
  /// So many bytes of what came with them, in a job.
  static let sizeLimit: Int64 = 64 << 20

  /// The oldest first. Only the first when the rule needs no more.
  var open: [Open] = []
  /// The firing that is next.
  var next: String?
  /// Those waiting firings of the line that a replacing one replaces.
  var replaceable: [String] = []
  var waiting = 0
  var waitingInJob = 0
  var sizeInJob: Int64 = 0
  /// How many may wait in this line.
  var limit = Line.jobLimit

  var isFree: Bool { open.isEmpty && next == nil }
}
