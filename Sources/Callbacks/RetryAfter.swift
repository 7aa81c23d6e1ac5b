package import Primitives

/// The `Retry-After` header of RFC 9110, section 10.2.3: seconds, or an HTTP date.
package enum RetryAfter {
  package static func read(_ text: String, now: Timestamp) -> Duration? {
    let text = text.trimmingSpaces
    if let seconds = Int64(text), seconds >= 0, seconds <= 1 << 31 { return .seconds(seconds) }
    return date(text).map { max(.zero, $0 - now) }
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// The preferred form only: `Sun, 06 Nov 1994 08:49:37 GMT`.
  private static func date(_ text: String) -> Timestamp? {
    let words = text.split(separator: " ").map(String.init)
    guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), let year = Int64(words[3]),
      let month = months.firstIndex(of: words[2])
    else { return nil }
    let monthText = month < 9 ? "0\(month + 1)" : "\(month + 1)"
    let dayText = day < 10 ? "0\(day)" : "\(day)"
    return Timestamp("\(year)-\(monthText)-\(dayText)T\(words[4])Z")
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
