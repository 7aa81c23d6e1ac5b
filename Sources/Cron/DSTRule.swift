/// What a schedule does when the wall clock of its zone jumps.
///
/// A jump forward leaves a gap of wall times that are never shown, a jump back shows some twice. Every jump
/// in the zone's data counts, of whatever size, not only those called daylight saving.
package enum DSTRule: String, Hashable, Sendable, CaseIterable {
  /// Jobs at a fixed time run once: in a gap at the first whole minute after it, in a repeat at the first
  /// showing. A job whose minute or hour field starts with `*` follows the clock instead, as in `literal`.
  case once

  /// Exactly when the clock shows the time: missing times are skipped, repeated times fire twice.
  case literal
}
