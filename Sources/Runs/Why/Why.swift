package import JSON

/// Why something is as it is, in one sentence that names the cause. Built from rows alone, never from logs.
package struct Why: Sendable, Equatable {
  /// What was asked about: `run`, `firing`, `job`, `delivery` or `receipt`.
  package var subject: String
  package var id: String
  /// Its state in a word.
  package var state: String
  package var sentence: String

  package init(subject: String, id: String, state: String, sentence: String) {
    self.subject = subject
    self.id = id
    self.state = state
    self.sentence = sentence
  }

  /// As `/v1/why/{id}` shows it.
  package var json: JSON {
    [
      "type": "why", "subject": .string(subject), "id": .string(id), "state": .string(state),
      "sentence": .string(sentence),
    ]
  }
}

extension Sequence<String> {
  /// `a`, `a and b`, `a, b and 3 more`.
  func named(upTo limit: Int = 3) -> String {
    let all = Array(self)
    if all.count > limit {
      return all.prefix(limit).joined(separator: ", ") + " and \(all.count - limit) more"
    }
    guard let last = all.last, all.count > 1 else { return all.last ?? "" }
    return all.dropLast().joined(separator: ", ") + " and " + last
  }
}
