package import JSON
package import Reading

/// The first field of an event that does not fit a pattern.
package struct Mismatch: Sendable, Hashable, CustomStringConvertible {
  /// Without the places in lists: `body.issue.labels.name`.
  package var path: FieldPath
  /// What is there and what should be: `none of "docs" is "bug"`.
  package var reason: String

  /// `body.issue.labels.name: none of "docs" is "bug"`
  package var description: String { "\(path): \(reason)" }
}

extension Pattern {
  /// Nil when the event matches. Takes longer than `matches`; for people.
  package func mismatch(_ event: JSON) -> Mismatch? {
    matches(event) ? nil : mismatch(among: [event], isList: false, at: .root)
  }

  /// - Parameters:
  ///   - values: what the event has at the path.
  ///   - isList: whether a list lies there or above.
  private func mismatch(among values: [JSON], isList: Bool, at path: FieldPath) -> Mismatch {
    let candidates: [JSON?] = values.isEmpty ? [nil] : values
    for part in parts where !candidates.contains(where: { Pattern(parts: [part]).fits($0) }) {
      switch part {
      case .leaf(let name, let conditions):
        let found = values.compactMap { $0[name] }
        return Mismatch(path: path.key(name), reason: Pattern.reason(found, isList: isList, conditions))
      case .object(let name, let pattern):
        let found = values.compactMap { $0[name] }
        return pattern.mismatch(
          among: found.flatMap(Pattern.elements), isList: isList || found.contains { $0.arrayValue != nil },
          at: path.key(name))
      case .either(let patterns):
        let reasons = patterns.prefix(4).map {
          $0.mismatch(among: values, isList: isList, at: path).description
        }
        return Mismatch(
          path: path.key("$or"), reason: "no alternative fits (\(reasons.joined(separator: "; ")))")
      }
    }
    let names = parts.compactMap { part in
      switch part {
      case .leaf(let name, _), .object(let name, _): name
      case .either: nil
      }
    }
    return Mismatch(path: path, reason: "no element fits all of \(names.joined(separator: ", "))")
  }

  private static func elements(_ value: JSON) -> [JSON] {
    guard let elements = value.arrayValue else { return [value] }
    return elements.flatMap(self.elements)
  }

  private static func reason(_ found: [JSON], isList: Bool, _ conditions: [Condition]) -> String {
    let wanted = conditions.count > 5 ? Array(conditions.prefix(4)) : conditions
    var expected = wanted.map(\.words).joined(separator: " or ")
    if wanted.count < conditions.count { expected += " or one of \(conditions.count - wanted.count) others" }
    let values = found.flatMap(elements)
    guard let first = values.first else {
      return found.isEmpty ? "is missing, expected \(expected)" : "the list is empty, expected \(expected)"
    }
    let isList = isList || found.contains { $0.arrayValue != nil }
    guard isList else { return "\(words(first)) is not \(expected)" }
    var shown = values.prefix(5).map(words).joined(separator: ", ")
    if values.count > 5 { shown += " and \(values.count - 5) more" }
    return "none of \(shown) is \(expected)"
  }

  private static func words(_ value: JSON) -> String {
    value.isNull ? "null" : value.shown
  }
}

extension Condition {
  /// To be put behind "is" and "is not".
  var words: String {
    switch self {
    case .equals(let value): value.isNull ? "null" : value.shown
    case .equalsIgnoringCase(let text): "\(quoted(text)) in any case"
    case .prefix(let text): "a text that begins with \(quoted(text))"
    case .prefixIgnoringCase(let text): "a text that begins with \(quoted(text)) in any case"
    case .suffix(let text): "a text that ends with \(quoted(text))"
    case .suffixIgnoringCase(let text): "a text that ends with \(quoted(text)) in any case"
    case .wildcard(let wildcard): "a text like \(quoted(wildcard.text))"
    case .exists(true): "anything at all"
    case .exists(false): "absent"
    case .address(let block): "an address in \(block.text)"
    case .anythingBut(let excluded):
      "something other than \(excluded.prefix(5).map(\.words).joined(separator: " or "))"
    case .numeric(let range): "a number " + range.words
    }
  }
}

extension NumberRange {
  fileprivate var words: String {
    [
      lower.map { "\($0.isInside ? "from" : "above") \($0.shown)" },
      upper.map { "\($0.isInside ? "to" : "below") \($0.shown)" },
    ].compactMap(\.self).joined(separator: " ")
  }
}
