import Cron
package import JSON
package import Primitives

// A moment as the job's own clocks show it: “yesterday” of a job in Berlin is Berlin's.
extension Job {
  /// The schedules among its triggers.
  private var specs: [(id: String, spec: ScheduleSpec)] {
    triggers.compactMap { if case .schedule(let spec) = $0.kind { ($0.id, spec) } else { nil } }
  }

  /// The zone of the schedule that fired. What no schedule fired has that of the job's first one, or UTC.
  package func timezone(ofTrigger trigger: String) -> String {
    let spec = specs.first { $0.id == trigger } ?? specs.first
    return spec?.spec.timezone ?? "UTC"
  }

  /// What templates see of a moment, as members of `trigger`.
  package func clock(at moment: Timestamp, trigger: String) -> JSON.Object {
    let zone = zone(ofTrigger: trigger)
    return [
      "date": .string(zone.local(at: moment.seconds).day),
      "local_time": .string(zone.local(at: moment.seconds).description), "timezone": .string(zone.name),
    ]
  }

  /// What templates see as `previous`: null members when there is no such time.
  package func previous(_ moment: Timestamp?, trigger: String) -> JSON {
    guard let moment else { return ["time": .null, "date": .null] }
    let local = zone(ofTrigger: trigger).local(at: moment.seconds)
    return ["time": .string(local.description), "date": .string(local.day)]
  }

  /// The time that its schedule named before a moment; for what no schedule fired, the latest of all its schedules.
  /// Nil when there was none.
  package func scheduledTime(before moment: Timestamp, trigger: String) -> Timestamp? {
    let fired = specs.filter { $0.id == trigger }
    return (fired.isEmpty ? specs : fired).compactMap { id, spec in
      // A schedule whose zone is gone names no times.
      let timetable = try? spec.timetable(name: name, seed: "\(self.id).\(id)")
      return timetable?.previous(before: moment.seconds).map { Timestamp(seconds: $0) }
    }.max()
  }

  package var hasSchedule: Bool { !specs.isEmpty }

  /// A zone that has gone from the system since the job was applied is as good as none.
  private func zone(ofTrigger trigger: String) -> Zone {
    (try? Zone.named(timezone(ofTrigger: trigger))) ?? .utc
  }

  /// Whether one of its templates may ask for `previous`, which costs a look.
  package var mentionsPrevious: Bool {
    func mentions(_ json: JSON) -> Bool {
      switch json {
      case .string(let text): text.contains("previous")
      case .array(let elements): elements.contains(where: mentions)
      case .object(let object): object.values.contains(where: mentions)
      default: false
      }
    }
    return message.contains("previous") || triggers.contains { $0.key?.contains("previous") == true }
      || callbacks.contains { mentions($0.settings) } || repositories.contains { mentions($0.json) }
  }
}

extension LocalTime {
  /// `2026-03-29`
  fileprivate var day: String { String(description.prefix { $0 != "T" }) }
}
