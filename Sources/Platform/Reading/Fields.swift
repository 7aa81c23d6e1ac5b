package import JSON

/// The members of one object while it is read: hands out what has the right type, and notes what has not,
/// what is missing and what does not belong there.
///
/// A member that is null counts as left out.
package struct Fields {
  package let object: JSON.Object
  package let path: FieldPath
  /// What the object is, in a sentence: "an agent", "the job's limits".
  package let thing: String
  package let findings: Findings

  /// Nil, with a note, when the value is no object.
  /// - Parameter keys: every member that may be there; nil allows any.
  /// - Parameter elsewhere: where a member belongs that is none of this object's, in a sentence.
  package init?(
    _ value: JSON, at path: FieldPath = .root, _ thing: String, keys: [String]?, _ findings: Findings,
    elsewhere: [String: String] = [:]
  ) {
    guard let object = value.objectValue else {
      findings.add(path, "Expected an object with the fields of \(thing), found \(value.shown).")
      return nil
    }
    self.object = object
    self.path = path
    self.thing = thing
    self.findings = findings
    guard let keys else { return }
    for key in object.keys where !keys.contains(key) {
      findings.add(
        Problem(
          path.key(key),
          "\(quoted(key)) is no field of \(thing).\(elsewhere[key].map { " \($0)" } ?? Fields.hint(key, keys)) "
            + "It has: \(keys.joined(separator: ", ")).",
          aim: .key))
    }
  }

  /// What other programs call it, where ours is not alike to look at.
  private static let synonyms = [
    "tz": "timezone", "time_zone": "timezone", "cron": "schedule", "crontab": "schedule", "interval": "every",
    "prompt": "message", "repo": "url", "repos": "repositories", "retries": "attempts",
  ]

  private static func hint(_ key: String, _ keys: [String]) -> String {
    if let meant = synonyms[key.lowercased()], keys.contains(meant) {
      return " Did you mean \(quoted(meant))?"
    }
    return Nearest.hint(key, among: keys)
  }

  /// Nil, with a note that says how one is written, when the value is no object.
  package init?(
    _ value: JSON, at path: FieldPath = .root, _ thing: String, _ shape: ObjectShape, _ findings: Findings
  ) {
    guard value.objectValue != nil else {
      let such = shape.example.map { ", such as \($0)" } ?? ""
      let others = shape.keys.isEmpty ? "" : " It has: \(shape.keys.joined(separator: ", "))."
      findings.add(
        path, "Expected an object with the fields of \(thing)\(such), found \(value.shown).\(others)")
      return nil
    }
    self.init(value, at: path, thing, keys: shape.keys, findings)
  }

  /// The member, unless it is missing or null.
  package subscript(key: String) -> JSON? {
    object[key]?.notNull
  }

  package func add(_ key: String, _ message: String) {
    findings.add(path.key(key), message)
  }

  /// Notes that a member is needed; returns nil for the caller's convenience.
  private func missing<Value>(_ key: String, _ required: Bool) -> Value? {
    if required {
      if object[key] == nil {
        findings.add(path, "\(quoted(key)) is missing from \(thing). Add it.")
      } else {
        add(key, "\(quoted(key)) of \(thing) needs a value.")
      }
    }
    return nil
  }

  /// A text with a number of characters in `length`.
  package func text(
    _ key: String, required: Bool = false, length: ClosedRange<Int> = 1...100_000
  ) -> String? {
    guard let value = self[key] else { return missing(key, required) }
    guard let text = value.stringValue else {
      add(key, "Expected a text, found \(value.shown).\(value.quotesHint)")
      return nil
    }
    let count = text.unicodeScalars.count
    if count < length.lowerBound {
      add(
        key,
        count == 0
          ? "\(quoted(key)) must not be empty." : "Expected at least \(length.lowerBound) characters.")
      return nil
    }
    if count > length.upperBound {
      add(key, "Expected at most \(length.upperBound) characters, found \(count).")
      return nil
    }
    return text
  }

  package func whole(_ key: String, in range: ClosedRange<Int>, required: Bool = false) -> Int? {
    guard let value = self[key] else { return missing(key, required) }
    guard let number = value.intValue, range.contains(number) else {
      add(
        key, "Expected a whole number from \(range.lowerBound) to \(range.upperBound), found \(value.shown).")
      return nil
    }
    return number
  }

  /// A whole number, also as a text of digits: some clients keep the number of a version as they got it from an address.
  package func version(_ key: String) -> Int? {
    let range = 1...Int(Int32.max)
    guard let text = self[key]?.stringValue else { return whole(key, in: range) }
    let isPlain = text.utf8.allSatisfy { (0x30...0x39).contains($0) } && text.utf8.first != 0x30
    guard isPlain, let number = Int(text), range.contains(number) else { return whole(key, in: range) }
    return number
  }

  package func flag(_ key: String, required: Bool = false) -> Bool? {
    guard let value = self[key] else { return missing(key, required) }
    guard let flag = value.boolValue else {
      add(key, "Expected true or false, found \(value.shown).")
      return nil
    }
    return flag
  }

  /// One of some words.
  package func choice(_ key: String, of words: [String], required: Bool = false) -> String? {
    guard let value = self[key] else { return missing(key, required) }
    guard let word = value.stringValue, words.contains(word) else {
      let hint = value.stringValue.map { Nearest.hint($0, among: words) } ?? ""
      add(key, "Expected \(words.alternatives), found \(value.shown).\(hint)")
      return nil
    }
    return word
  }

  /// The elements of a list with their paths; empty when it is missing or no list.
  package func list(_ key: String, limit: Int, required: Bool = false) -> [(value: JSON, path: FieldPath)] {
    guard let value = self[key] else { return missing(key, required) ?? [] }
    guard let elements = value.arrayValue else {
      add(key, "Expected a list, found \(value.shown).")
      return []
    }
    if elements.count > limit {
      add(key, "Expected at most \(limit) entries, found \(elements.count).")
    }
    return elements.prefix(limit).enumerated().map { ($1, path.key(key).index($0)) }
  }

  /// A list of texts.
  package func texts(
    _ key: String, limit: Int, length: ClosedRange<Int> = 1...1000
  ) -> [(text: String, path: FieldPath)] {
    if let one = self[key]?.stringValue {
      add(key, "Expected a list of texts, found \(quoted(one)). Write [\(quoted(one))].")
      return []
    }
    return list(key, limit: limit).compactMap { value, path in
      guard let text = value.stringValue, length.contains(text.unicodeScalars.count) else {
        findings.add(
          path, "Expected a text of at most \(length.upperBound) characters, found \(value.shown).")
        return nil
      }
      return (text, path)
    }
  }

  package func fields(_ key: String, _ thing: String, keys: [String]?, required: Bool = false) -> Fields? {
    guard let value = self[key] else { return missing(key, required) }
    return Fields(value, at: path.key(key), thing, keys: keys, findings)
  }

  package func fields(
    _ key: String, _ thing: String, _ shape: ObjectShape, required: Bool = false
  ) -> Fields? {
    guard let value = self[key] else { return missing(key, required) }
    return Fields(value, at: path.key(key), thing, shape, findings)
  }

  /// A member that has one of several forms.
  /// - Returns: which form, and its members; nil, with a note that names every form, when it has none.
  package func union(_ key: String, _ union: UnionShape) -> (word: String, fields: Fields)? {
    guard let value = self[key] else { return nil }
    return Fields.union(value, at: path.key(key), union, findings)
  }

  package static func union(
    _ value: JSON, at path: FieldPath, _ union: UnionShape, _ findings: Findings
  ) -> (word: String, fields: Fields)? {
    guard value.objectValue != nil else {
      findings.add(path, "Expected \(union.thing): \(union.examples). Found \(value.shown).")
      return nil
    }
    guard let given = Fields(value, at: path, union.thing, keys: nil, findings) else { return nil }
    guard given["type"] != nil else {
      // What it has besides says which form was meant.
      let others = given.object.keys.filter { $0 != "type" }
      let meant = union.forms.first { form in !others.isEmpty && others.allSatisfy(form.shape.keys.contains) }
      let hint = meant.map { " Add type: \($0.word)." } ?? " Add it."
      findings.add(path, "\"type\" is missing from \(union.thing).\(hint) It is \(union.examples).")
      // Its members are looked at all the same, so that nothing is left for the next try.
      return meant.flatMap { form in
        Fields(value, at: path, form.thing, keys: form.keys, findings).map { (form.word, $0) }
      }
    }
    guard let word = given.choice("type", of: union.words, required: true),
      let form = union.forms.first(where: { $0.word == word }),
      let fields = Fields(value, at: path, form.thing, keys: form.keys, findings)
    else { return nil }
    return (word, fields)
  }
}

extension JSON {
  /// The value, or nil for null. (In `isNull ? nil : self` the `nil` would be taken for a JSON null.)
  package var notNull: JSON? { isNull ? JSON?.none : self }

  /// What it is, in a sentence.
  package var shown: String {
    switch self {
    case .null: "nothing"
    case .bool, .integer, .number, .exact: text
    case .string(let text): quoted(text)
    case .array: "a list"
    case .object: "an object"
    }
  }

  /// Numbers and booleans that were meant as texts happen in YAML.
  fileprivate var quotesHint: String {
    switch self {
    case .bool, .integer, .number, .exact: " Put it between quotes."
    default: ""
    }
  }
}

extension [String] {
  /// `"a", "b" or "c"`.
  package var alternatives: String {
    guard let last else { return "nothing" }
    let words = dropLast().map { quoted($0) }.joined(separator: ", ")
    return words.isEmpty ? quoted(last) : "\(words) or \(quoted(last))"
  }
}
