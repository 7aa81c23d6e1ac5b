/// Three bytes in a row of a text: whatever contains a longer text contains each of its trigrams.
struct Trigram: Hashable, Sendable {
  private let bytes: UInt32

  private init(_ bytes: UInt32) {
    self.bytes = bytes
  }

  /// Those of some bytes, in their order; none of fewer than three.
  static func all(_ bytes: [UInt8]) -> [Trigram] {
    var trigrams: [Trigram] = []
    visit(bytes) { trigrams.append($0) }
    return trigrams
  }

  static func visit(_ bytes: some Sequence<UInt8>, _ body: (Trigram) -> Void) {
    var (window, count): (UInt32, Int) = (0, 0)
    for byte in bytes {
      window = (window << 8 | UInt32(byte)) & 0xFF_FFFF
      count += 1
      if count >= 3 { body(Trigram(window)) }
    }
  }
}
