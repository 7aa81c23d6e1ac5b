import Cron
package import Primitives

// People read the times of a schedule by the clocks that it was written for.
extension Job {
  /// The zone of the job's schedules, if it has any and they share one.
  package var timezone: String? {
    let zones = Set(
      triggers.compactMap { trigger -> String? in
        if case .schedule(let spec) = trigger.kind { spec.timezone } else { nil }
      })
    return zones.count == 1 ? zones.first : nil
  }

  /// The zone of one of its schedules, or else that of all of them.
  package func timezone(ofTrigger id: String) -> String? {
    guard let trigger = triggers.first(where: { $0.id == id }), case .schedule(let spec) = trigger.kind else {
      return timezone
    }
    return spec.timezone
  }
}

extension Timestamp {
  /// As clocks of a zone show it, with the zone: `2026-11-12T07:00:00+01:00 (Europe/Berlin)`. Like `inSentence` without
  /// a zone, in UTC, and in one that is gone from the system.
  package func inSentence(in zone: String?) -> String {
    guard let zone, zone != "UTC", let zone = try? Zone.named(zone) else { return inSentence }
    return "\(zone.local(at: seconds)) (\(zone.name))"
  }
}
