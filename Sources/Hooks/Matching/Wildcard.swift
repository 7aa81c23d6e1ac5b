/// A text with places for any text: `*` stands for any number of characters, `\*` and `\\` for themselves.
struct Wildcard: Sendable {
  let text: String
  /// What stands between the stars; the first at the beginning of the text, the last at its end.
  private let pieces: [Piece]

  init(_ text: String) throws(WildcardError) {
    var pieces: [[UInt8]] = [[]]
    var isEscaped = false
    for byte in text.utf8 {
      switch (isEscaped, byte) {
      case (true, UInt8(ascii: "*")), (true, UInt8(ascii: "\\")):
        pieces[pieces.count - 1].append(byte)
        isEscaped = false
      case (true, _): throw .badEscape
      case (false, UInt8(ascii: "\\")): isEscaped = true
      case (false, UInt8(ascii: "*")):
        if pieces.count > 1, pieces[pieces.count - 1].isEmpty { throw .twoStars }
        pieces.append([])
      default: pieces[pieces.count - 1].append(byte)
      }
    }
    if isEscaped { throw .badEscape }
    self.text = text
    self.pieces = pieces.map(Piece.init)
  }

  /// What every fitting text begins with; nil when that may be anything.
  var beginning: String? { Wildcard.text(pieces[0]) }
  /// What every fitting text ends with; nil when that may be anything.
  var end: String? { Wildcard.text(pieces[pieces.count - 1]) }

  /// What every fitting text contains, of each of its pieces.
  var trigrams: [Trigram] { pieces.flatMap { Trigram.all($0.bytes) } }

  private static func text(_ piece: Piece) -> String? {
    piece.bytes.isEmpty ? nil : String(decoding: piece.bytes, as: UTF8.self)
  }

  func fits(_ text: String) -> Bool {
    var text = text
    return text.withUTF8(fits)
  }

  /// Each piece where it comes first: what is left for the others is then longest.
  private func fits(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let (first, last) = (pieces[0].bytes, pieces[pieces.count - 1].bytes)
    if pieces.count == 1 { return text.elementsEqual(first) }
    guard text.count >= first.count + last.count, text.starts(with: first),
      text.suffix(last.count).elementsEqual(last)
    else { return false }
    var rest = text[first.count..<text.count - last.count]
    for piece in pieces[1..<pieces.count - 1] {
      guard let end = piece.end(in: rest) else { return false }
      rest = rest[end...]
    }
    return true
  }

  /// A text to be found in time linear in what it is looked for in, whatever a sender wrote there: Knuth,
  /// Morris and Pratt's search.
  private struct Piece: Sendable {
    let bytes: [UInt8]
    /// For each length of a found beginning: the length of its longest proper end that is a beginning too.
    private let borders: [Int]

    init(_ bytes: [UInt8]) {
      self.bytes = bytes
      var borders = [0]
      var length = 0
      for byte in bytes.dropFirst() {
        while length > 0, bytes[length] != byte { length = borders[length - 1] }
        if bytes[length] == byte { length += 1 }
        borders.append(length)
      }
      self.borders = borders
    }

    /// Behind the first place where it stands.
    func end(in text: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
      var length = 0
      for place in text.indices {
        let byte = text[place]
        while length > 0, bytes[length] != byte { length = borders[length - 1] }
        if bytes[length] == byte { length += 1 }
        if length == bytes.count { return place + 1 }
      }
      return nil
    }
  }
}

enum WildcardError: Error, Equatable, CustomStringConvertible {
  case twoStars
  case badEscape

  var description: String {
    switch self {
    case .twoStars: "Two stars in a row say no more than one. Write one."
    case .badEscape: "A backslash stands before a star or another backslash only. Write \\\\ for a backslash."
    }
  }
}
