/// A time zone: the offsets from UTC that its clocks had, have and, by its rule, will have.
///
/// Read from the system's own database, so that a tzdata update reaches a running service the next time the
/// zone is asked for. A zone that was already handed out never changes.
///
///     let riga = try Zone.named("Europe/Riga")
///     riga.offset(at: 1_774_746_000)                    // 10800
///     riga.local(at: 1_774_746_000).description         // 2026-03-29T04:00:00+03:00
package struct Zone: Sendable {
  package let name: String
  let stretches: Stretches

  /// Coordinated Universal Time; needs no file.
  package static let utc = Zone(name: "UTC", stretches: Stretches(constant: 0))

  init(name: String, stretches: Stretches) {
    self.name = name
    self.stretches = stretches
  }

  /// The zone of an IANA name, for example `Europe/Berlin`.
  ///
  /// The file is looked at on every call and read again only when it changed. Names are checked before they
  /// become part of a path: none can leave `directory`.
  package static func named(
    _ name: String, directory: String = "/usr/share/zoneinfo"
  ) throws(ZoneError) -> Zone {
    try ZoneCache.shared.zone(named: name, in: directory)
  }

  /// A zone from the bytes of a TZif file (RFC 9636), version 2 or later.
  package init(name: String, tzif bytes: [UInt8]) throws(ZoneError) {
    do {
      let file = try ZoneFile(bytes)
      self.init(name: name, stretches: Stretches(file))
    } catch {
      throw .malformed(name, problem: error.problem)
    }
  }

  /// Seconds to add to UTC, east positive, at a Unix time.
  package func offset(at instant: Int64) -> Int {
    Int(stretches[stretches.index(at: instant)].offset)
  }

  /// What clocks show at a Unix time.
  package func local(at instant: Int64) -> LocalTime {
    LocalTime(
      instant: min(max(instant, Stretches.past), Stretches.future), offset: offset(at: instant))
  }

  /// A jump of the zone's clocks.
  package struct Transition: Hashable, Sendable {
    /// The first Unix second with the new offset.
    package let instant: Int64
    /// Seconds east of UTC.
    package let offsetBefore: Int
    /// Seconds east of UTC.
    package let offsetAfter: Int
  }

  /// The first jump strictly after a Unix time; nil when the clocks stay as they are for good.
  package func transition(after instant: Int64) -> Transition? {
    transition(into: stretches.index(at: instant) + 1)
  }

  /// The last jump strictly before a Unix time; nil when there was none.
  package func transition(before instant: Int64) -> Transition? {
    transition(into: stretches.index(at: max(instant, Stretches.past) - 1))
  }

  private func transition(into index: Int) -> Transition? {
    guard index > 0, stretches.contains(index) else { return nil }
    let (before, after) = (stretches[index - 1], stretches[index])
    return Transition(
      instant: after.start, offsetBefore: Int(before.offset), offsetAfter: Int(after.offset))
  }
}
