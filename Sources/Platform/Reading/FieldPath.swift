/// Where a value stands inside a JSON value: `tools[0].configs[1].name`.
package struct FieldPath: Hashable, Sendable, CustomStringConvertible {
  package enum Step: Hashable, Sendable {
    case key(String)
    case index(Int)
  }

  package var steps: [Step]

  package init(_ steps: [Step] = []) {
    self.steps = steps
  }

  /// The whole value.
  package static let root = FieldPath()

  package func key(_ key: String) -> FieldPath { FieldPath(steps + [.key(key)]) }
  package func index(_ index: Int) -> FieldPath { FieldPath(steps + [.index(index)]) }

  /// What is left of the path below `prefix`; nil when it does not lie there.
  package func below(_ prefix: FieldPath) -> FieldPath? {
    guard steps.starts(with: prefix.steps) else { return nil }
    return FieldPath(Array(steps.dropFirst(prefix.steps.count)))
  }

  /// As one would write it in JavaScript; keys that are no plain words stand in brackets and quotes.
  package var description: String {
    var text = ""
    for step in steps {
      switch step {
      case .index(let index): text += "[\(index)]"
      case .key(let key) where FieldPath.isPlain(key): text += text.isEmpty ? key : "." + key
      case .key(let key): text += "[\(quoted(key))]"
      }
    }
    return text
  }

  private static func isPlain(_ key: String) -> Bool {
    !key.isEmpty
      && key.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
          || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
      }
  }
}
