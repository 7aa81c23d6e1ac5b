extension HTTPClient {
  /// The header fields of an answer in the order they came. Names are compared without regard to case.
  package struct Headers: Sendable {
    private var fields: [(name: String, value: String)] = []

    package init(_ fields: [(name: String, value: String)] = []) {
      self.fields = fields
    }

    package func first(_ name: String) -> String? {
      fields.first { $0.name.isSameField(as: name) }?.value
    }

    package func all(_ name: String) -> [String] {
      fields.filter { $0.name.isSameField(as: name) }.map(\.value)
    }

    mutating func append(name: String, value: String) {
      fields.append((name, value))
    }

    /// Joins a line of the obsolete folded form (RFC 9112 section 5.2) to the field before it.
    mutating func extendLast(with value: String) {
      guard !fields.isEmpty, !value.isEmpty else { return }
      let last = fields.count - 1
      fields[last].value += fields[last].value.isEmpty ? value : " " + value
    }
  }
}

extension HTTPClient.Headers: Sequence {
  package func makeIterator() -> IndexingIterator<[(name: String, value: String)]> {
    fields.makeIterator()
  }
}

extension String {
  /// Whether both name the same header field: ASCII letters are equal in either case (RFC 9110 section 5.1).
  func isSameField(as other: String) -> Bool {
    guard utf8.count == other.utf8.count else { return false }
    return zip(utf8, other.utf8).allSatisfy {
      $0 == $1 || ($0 | 0x20 == $1 | 0x20 && $0.isLetter && $1.isLetter)
    }
  }
}

extension UInt8 {
  /// Whether this is `A`-`Z` or `a`-`z` in ASCII.
  var isLetter: Bool { (0x61...0x7A).contains(self | 0x20) }
}
