import Cron
import Glibc
import Primitives

/// Moments and durations as people say them.
enum TimeWords {
  /// `3 s ago`, `in 4 min`, `2 d ago`; the day itself when it is more than 30 days away.
  static func relative(_ time: Timestamp, to now: Timestamp) -> String {
    let seconds = Double((time - now).microseconds) / 1e6
    let distance = abs(seconds)
    if distance < 1 { return "now" }
    if distance >= 30 * 86_400 { return String(time.description.prefix(10)) }
    let words: String
    switch distance {
    case ..<60: words = "\(Int(distance)) s"
    case ..<3600: words = "\(Int(distance / 60)) min"
    case ..<86_400: words = "\(Int(distance / 3600)) h"
    default: words = "\(Int(distance / 86_400)) d"
    }
    return seconds < 0 ? "\(words) ago" : "in \(words)"
  }

  /// A moment of the API, relative to now; a dash when there is none.
  static func relative(_ text: String?, to now: Timestamp) -> String {
    guard let text else { return "–" }
    return Timestamp(text).map { relative($0, to: now) } ?? text
  }

  /// `4 ms`, `0.3 s`, `12 s`, `1 min 48 s`, `2 h 5 min`, `3 d 4 h`. Never negative: clocks may step back.
  static func duration(_ duration: Duration) -> String {
    let milliseconds = max(0, duration.microseconds / 1000)
    switch milliseconds {
    case ..<100: return "\(milliseconds) ms"
    case ..<9950:
      let tenths = (milliseconds + 50) / 100
      return "\(tenths / 10).\(tenths % 10) s"
    default: break
    }
    let seconds = (milliseconds + 500) / 1000
    switch seconds {
    case ..<60: return "\(seconds) s"
    case ..<3600: return pair(seconds / 60, "min", seconds % 60, "s")
    case ..<86_400: return pair(seconds / 3600, "h", seconds % 3600 / 60, "min")
    default: return pair(seconds / 86_400, "d", seconds % 86_400 / 3600, "h")
    }
  }

  private static func pair(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String) -> String
  {
    small == 0 ? "\(large) \(largeUnit)" : "\(large) \(largeUnit) \(small) \(smallUnit)"
  }

  /// Between two moments of the API; nil unless both are known.
  static func between(_ from: String?, _ to: String?) -> String? {
    guard let from = from.flatMap({ Timestamp($0) }), let to = to.flatMap({ Timestamp($0) }) else {
      return nil
    }
    return duration(to - from)
  }

  /// `09:15:42` in this machine's zone.
  static func clock(_ time: Timestamp) -> String {
    let local = local(time)
    return [local.tm_hour, local.tm_min, local.tm_sec].map(twoDigits).joined(separator: ":")
  }

  /// `2026-11-12 09:15:42 GMT`, in this machine's zone.
  static func full(_ time: Timestamp) -> String {
    let local = local(time)
    let day = [1900 + local.tm_year, 1 + local.tm_mon, local.tm_mday].map(twoDigits).joined(separator: "-")
    return "\(day) \(clock(time)) \(zone(at: time))"
  }

  /// `07:00 GMT, in 3 h` within a day, else `2026-11-14 07:00 GMT`: a moment to come, as a list shows it.
  /// - Parameter zone: by whose clocks; nil, and one that this machine does not know, is this machine's.
  static func soon(_ text: String, to now: Timestamp, in zone: String? = nil) -> String {
    guard let time = Timestamp(text) else { return text }
    let minute = minute(text, in: zone)
    let isNear = (time - now) < .seconds(86_400)
    return isNear ? "\(minute.dropFirst(11)), \(relative(time, to: now))" : minute
  }

  /// `2026-11-14 07:00 Europe/Berlin`, a moment of the API by the clocks of a zone, with its seconds only where there
  /// are some; a dash when there is none.
  static func minute(_ text: String?, in zone: String?) -> String {
    guard let text else { return "–" }
    guard let time = Timestamp(text) else { return text }
    let name = known(zone)?.name ?? TimeWords.zone(at: time)
    let clock = clock(time, in: known(zone))
    return
      "\(full(text, in: zone).prefix(10)) \(clock.hasSuffix(":00") ? "\(clock.prefix(5))" : clock) \(name)"
  }

  /// The same for a moment of the API; a dash when there is none.
  static func full(_ text: String?) -> String { full(text, in: nil) }

  /// The same by the clocks of a zone: `2026-11-12 09:15:42 +01:00 Europe/Berlin`. Without one that this machine
  /// knows, by its own.
  static func full(_ text: String?, in zone: String?) -> String {
    guard let text else { return "–" }
    guard let time = Timestamp(text) else { return text }
    guard let zone = known(zone) else { return full(time) }
    let local = Array(zone.local(at: time.seconds).description.utf8)
    func part(_ range: Range<Int>) -> String { String(decoding: local[range], as: UTF8.self) }
    let offset = zone.name == "UTC" ? "" : "\(part(19..<local.count)) "
    return "\(part(0..<10)) \(part(11..<19)) \(offset)\(zone.name)"
  }

  /// `09:15:42` by the clocks of a zone, or of this machine.
  static func clock(_ time: Timestamp, in zone: Zone?) -> String {
    guard let zone else { return clock(time) }
    return String(decoding: Array(zone.local(at: time.seconds).description.utf8)[11..<19], as: UTF8.self)
  }

  /// A zone of this machine's; nil when it has none of that name.
  static func known(_ zone: String?) -> Zone? { zone.flatMap { try? Zone.named($0) } }

  /// A sentence of the server's with its moments of UTC as the clocks of a zone show them.
  static func local(_ sentence: String, in zone: String?) -> String {
    guard let zone = known(zone), zone.name != "UTC" else { return sentence }
    var text: [UInt8] = []
    let bytes = Array(sentence.utf8)
    var place = 0
    while place < bytes.count {
      // 2026-11-12T09:15:42Z, perhaps with a fraction.
      if bytes[place] == UInt8(ascii: "2"), place + 20 <= bytes.count, bytes[place + 10] == UInt8(ascii: "T"),
        place == 0 || !isDigit(bytes[place - 1]),
        let end = bytes[(place + 19)..<min(place + 27, bytes.count)].firstIndex(of: UInt8(ascii: "Z")),
        let time = Timestamp(String(decoding: bytes[place...end], as: UTF8.self))
      {
        text += Array(zone.local(at: time.seconds).description.utf8)
        place = end + 1
      } else {
        text.append(bytes[place])
        place += 1
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  /// The short name of this machine's zone at a moment.
  static func zone(at time: Timestamp) -> String {
    local(time).tm_zone.map { String(cString: $0) } ?? "UTC"
  }

  private static func local(_ time: Timestamp) -> tm {
    var seconds = time_t(time.seconds)
    var local = tm()
    localtime_r(&seconds, &local)
    return local
  }

  private static func twoDigits(_ number: Int32) -> String {
    number < 10 ? "0\(number)" : String(number)
  }
}
