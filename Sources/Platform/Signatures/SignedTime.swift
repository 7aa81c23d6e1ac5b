import Primitives

/// The time that a sender signed, which bounds for how long a recorded request can be played again.
enum SignedTime {
  /// Seconds either way, the edge included: what Slack and Standard Webhooks prescribe.
  static let tolerance: Int64 = 300

  /// The whole number that a header holds: digits alone, without sign, point or space.
  static func number(_ text: String, in place: String) throws(SignatureRefusal) -> Int64 {
    // 18 digits always fit.
    guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int64(text)
    else { throw .malformedTime(place) }
    return number
  }

  /// Whole milliseconds since the epoch.
  static func milliseconds(of time: Timestamp) -> Int64 {
    time.seconds * 1000 + (time.microseconds - time.seconds * 1_000_000) / 1000
  }

  static func check(seconds: Int64, now: Timestamp) throws(SignatureRefusal) {
    let age = now.seconds - seconds
    if age > tolerance { throw .stale(seconds: age, allowed: tolerance) }
    if age < -tolerance { throw .ahead(seconds: -age, allowed: tolerance) }
  }
}
