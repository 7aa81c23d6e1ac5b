import Primitives

/// Which of the refusals that are met by another try get a line in the log: the first of each session, and then one a
/// minute. A model that is away for a night should be seen, and not fill the disk.
final class RefusalTelling: Sendable {
  private static let pause = Duration.seconds(60)
  /// So many sessions are remembered; one more, and those told of longest ago are forgotten.
  private static let limit = 1000

  private let told = Lock<[String: Timestamp]>([:])

  func isTold(_ session: String, at now: Timestamp) -> Bool {
    told.withLock { told in
      // A clock that was set back silences nobody.
      if let last = told[session], last <= now, now - last < RefusalTelling.pause { return false }
      if told.count >= RefusalTelling.limit {
        told = told.filter { $0.value <= now && now - $0.value < RefusalTelling.pause }
        if told.count >= RefusalTelling.limit { told = [:] }
      }
      told[session] = now
      return true
    }
  }
}
