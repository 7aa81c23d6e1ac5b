/// What somebody probably meant.
package enum Nearest {
  /// The candidate that differs from `word` by the fewest letters added, removed, replaced or swapped; nil
  /// when none is near. Capitals make no difference.
  package static func to(_ word: String, among candidates: some Sequence<String>) -> String? {
    let wanted = Array(word.lowercased().utf8.prefix(100))
    let tolerance = max(1, (wanted.count + 1) / 3)
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
      let distance = distance(wanted, Array(candidate.lowercased().utf8.prefix(100)))
      if distance <= tolerance, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.candidate
  }

  /// ` Did you mean "agent"? ` or nothing, to be put between sentences.
  package static func hint(_ word: String, among candidates: some Sequence<String>) -> String {
    to(word, among: candidates).map { " Did you mean \(quoted($0))?" } ?? ""
  }

  /// Damerau and Levenshtein's, in the restricted form: no letter is edited twice.
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var before: [Int] = []
    var row = Array(0...right.count)
    for i in left.indices {
      var next = [i + 1]
      next.reserveCapacity(right.count + 1)
      for j in right.indices {
        var cost = min(row[j + 1] + 1, next[j] + 1, row[j] + (left[i] == right[j] ? 0 : 1))
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
          cost = min(cost, before[j - 1] + 1)
        }
        next.append(cost)
      }
      (before, row) = (row, next)
    }
    return row[right.count]
  }
}

/// A text between quotes, as a sentence shows it: cut after 80 characters, control characters escaped.
package func quoted(_ text: String) -> String {
  var shown = ""
  for scalar in text.unicodeScalars.prefix(80) {
    switch scalar {
    case "\n": shown += "\\n"
    case "\t": shown += "\\t"
    case "\"": shown += "\\\""
    default: shown += scalar.properties.generalCategory == .control ? "\u{FFFD}" : String(Character(scalar))
    }
  }
  return "\"\(shown)\(text.unicodeScalars.count > 80 ? "…" : "")\""
}
