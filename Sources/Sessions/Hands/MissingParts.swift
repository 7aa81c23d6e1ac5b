/// What a clone does not have: the commits of submodules, and contents that are kept by Git LFS.
struct MissingParts: Equatable, CustomStringConvertible {
  struct Names: Equatable {
    var count = 0
    /// The first of them.
    var shown: [String] = []
  }
  var path: String
  var submodules = Names()
  /// Files of which only the pointers are there.
  var pointers = Names()

  /// Nil when nothing is missing.
  /// - Parameter bytes: for submodules and then for pointers their number, some names, and nothing, each with a zero
  ///   behind it.
  init?(reading bytes: [UInt8], path: String) {
    self.path = path
    let words = bytes.split(separator: 0, omittingEmptySubsequences: false).map(RepairedText.of)
    guard let end = words.firstIndex(of: ""), words.count > end + 1 else { return nil }
    submodules = Self.names(words[..<end])
    pointers = Self.names(words[(end + 1)...].prefix { $0 != "" })
    if submodules.count == 0, pointers.count == 0 { return nil }
  }

  private static func names(_ words: ArraySlice<String>) -> Names {
    let shown = words.dropFirst().map { name in
      // They come from outside, and stand in a sentence here.
      String(
        String.UnicodeScalarView(
          name.unicodeScalars.prefix(120).map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 })
      )
    }
    return Names(
      count: words.first.flatMap { Int($0) } ?? 0,
      shown: shown.map { $0.hasPrefix("./") ? String($0.dropFirst(2)) : $0 })
  }

  var description: String {
    var sentences: [String] = []
    if submodules.count > 0 {
      sentences.append(
        "It has \(Self.list(submodules, "submodule", "submodules")), which were not fetched: their folders are empty."
      )
    }
    if pointers.count > 0 {
      sentences.append(
        "It has \(Self.list(pointers, "file", "files")) in Git LFS, of which only the pointers are there and not the "
          + "contents.")
    }
    return
      "[About the clone at \(path): \(sentences.joined(separator: " ")) They cannot be fetched from here. If the work "
      + "needs them, say so.]"
  }

  private static func list(_ names: Names, _ one: String, _ many: String) -> String {
    let rest = names.count - names.shown.count
    return "\(names.count) \(names.count == 1 ? one : many) (\(names.shown.joined(separator: ", "))"
      + (rest > 0 ? " and \(rest) more)" : ")")
  }
}
