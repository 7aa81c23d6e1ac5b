import Foundation

@testable import Cron

/// The cases that this package shares with nobody's code: lines of JSON in `Fixtures`.
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

  struct Broken: Error {
    let line: String
  }
}

/// Unix seconds of an RFC 3339 time, a fraction rounded down.
func unix(_ text: String) throws -> Int64 {
  let whole = text.replacing(/\.[0-9]+/, with: "")
  guard let date = ISO8601DateFormatter().date(from: whole) else { throw Vectors.Broken(line: text) }
  return Int64(date.timeIntervalSince1970)
}
