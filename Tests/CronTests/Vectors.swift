import Foundation

@testable import Cron

/// The cases in `Fixtures`, lines of JSON, and the zone files (tzdata 2025b, public domain) they go with.
enum Vectors {
  static func lines(_ name: String) throws -> [[String: Any]] {
    try text(name).split(separator: "\n").map { line in
      let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
      guard let object = value as? [String: Any] else { throw Broken(line: String(line)) }
      return object
    }
  }

  static func text(_ name: String) throws -> String {
    guard let url = Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil) else {
      throw Broken(line: name)
    }
    return try String(contentsOf: url, encoding: .utf8)
  }

  static func folder(_ name: String) throws -> String {
    guard let url = Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil) else {
      throw Broken(line: name)
    }
    return url.path
  }

  static func zone(_ name: String) throws -> Zone {
    try Zone.named(name, directory: folder("zoneinfo"))
  }

  struct Broken: Error {
    let line: String
  }
}

/// Unix seconds of an RFC 3339 time, a fraction rounded down. Counted by the C library, not by the code under
/// test.
func unix(_ text: String) throws -> Int64 {
  guard
    let match = text.wholeMatch(of: /(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.\d+)?(?:Z|([+-])(\d+):(\d+))/)
  else {
    throw Vectors.Broken(line: text)
  }
  func number(_ digits: Substring?) -> Int32 { digits.flatMap { Int32($0) } ?? 0 }
  let (_, year, month, day, hour, minute, second, sign, hours, minutes) = match.output
  var parts = tm()
  parts.tm_year = number(year) - 1900
  parts.tm_mon = number(month) - 1
  parts.tm_mday = number(day)
  parts.tm_hour = number(hour)
  parts.tm_min = number(minute)
  parts.tm_sec = number(second)
  let offset = Int64(number(hours) * 3600 + number(minutes) * 60)
  return Int64(timegm(&parts)) - (sign == "-" ? -offset : offset)
}
