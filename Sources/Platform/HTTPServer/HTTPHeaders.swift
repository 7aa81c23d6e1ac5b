/// The header fields of a request: names without regard to case, repeated fields kept, in the order sent.
package struct HTTPHeaders: Sendable {
  /// Every field as it was sent.
  package private(set) var entries: [(name: String, value: String)]

  package init(_ entries: [(name: String, value: String)] = []) {
    self.entries = entries
  }

  /// The value of the first field of that name.
  package func first(_ name: String) -> String? {
    entries.first { HTTPHeaders.same($0.name, name) }?.value
  }

  /// The values of all fields of that name, in the order sent.
  package func all(_ name: String) -> [String] {
    entries.filter { HTTPHeaders.same($0.name, name) }.map(\.value)
  }

  package mutating func add(_ name: String, _ value: String) {
    entries.append((name, value))
  }

  /// Whether two field names mean the same field: ASCII letters without regard to case (RFC 9110, section 5.1).
  static func same(_ one: String, _ other: String) -> Bool {
    let (one, other) = (one.utf8, other.utf8)
    guard one.count == other.count else { return false }
    return zip(one, other).allSatisfy { lower($0) == lower($1) }
  }

  private static func lower(_ byte: UInt8) -> UInt8 {
    byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
  }
}
