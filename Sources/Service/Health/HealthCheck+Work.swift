import API
import Outbox
import Primitives
import Queue
import Runs
import Sessions
import Store

// Those who work.
extension HealthCheck {
  /// A worker is silent for so long, or something waits so long while nothing of its kind is worked on, and it is stuck.
  static let alarm = Duration.seconds(60)

  /// Whether workers give signs of life and take what is due. One that has just begun has time for that.
  /// - Parameter born: when this process began.
  static func workers(_ queue: Queue, born: Timestamp, time: Time) -> HealthCheck {
    HealthCheck("workers", "Nothing works on what is due.") {
      let now = time.now()
      guard now - born > alarm else { return nil }
      return try await queue.database.read { tx in
        guard let beat = try queue.lastBeat(tx), now - beat < alarm else {
          return
            "No worker has given a sign of life for \(DurationText.text(alarm)). Start one, or look into its log."
        }
        let kinds = [ItemKind.session, .delivery, .start, .timer, .account, .workspace]
        for kind in kinds {
          guard let due = try queue.stuck(tx, kind: kind), now - max(due, born) > alarm else { continue }
          return
            "A \(kind) is due since \(due), and nothing of its kind is being worked on. Look into the worker's log, "
            + "and restart it."
        }
        return nil
      }
    }
  }
}
