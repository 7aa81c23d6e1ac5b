extension String {
  /// A text of somebody's as a sentence among others: with a capital, unless it begins with an id or the like, and
  /// with a full stop.
  package var asSentence: String {
    let word = prefix { $0 != " " }
    let isPlain = word.allSatisfy { $0.isLetter || ",;:!?.'’".contains($0) }
    let text = isPlain ? prefix(1).uppercased() + dropFirst() : self
    guard let last = text.last, !".!?…".contains(last) else { return text }
    return text + "."
  }
}
