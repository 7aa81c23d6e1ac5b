package import Primitives
package import Schedules
package import Store

extension HealthCheck {
  /// A schedule whose time is long past, and about which nothing was decided: the timer does not work, or nobody does.
  /// - Parameter born: when this process began.
  package static func schedules(_ schedules: Schedules, _ database: Database, born: Timestamp) -> HealthCheck
  {
    HealthCheck("schedules", "A schedule's time has passed, and nothing was decided about it.") {
      try await database.read { tx in try schedules.fault(tx, born: born) }
    }
  }
}
