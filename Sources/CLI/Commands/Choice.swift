import ArgumentParser
import Reading

/// The words that an option takes.
struct Choice {
  let option: String
  let words: [String]

  /// - Parameter option: without its hyphens.
  init(_ option: String, _ words: [String]) {
    self.option = option
    self.words = words
  }

  /// - Throws: `ValidationError` for a word that is none of them.
  func check(_ given: String?) throws {
    guard let given, !words.contains(given) else { return }
    let nearest = Nearest.to(given, among: words).map { " Did you mean “\($0)”?" } ?? ""
    throw ValidationError("--\(option): “\(given)” is not one of \(words.joined(separator: ", ")).\(nearest)")
  }
}
