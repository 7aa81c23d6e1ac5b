/// Pieces of bytes, first in, first out. A piece is kept as the array it came in, so that an array put into
/// many queues exists once.
struct ByteQueue {
  private var pieces: [[UInt8]] = []
  /// Index of the first piece not wholly taken, and how many of its bytes are taken.
  private var first = 0
  private var offset = 0
  /// Bytes not yet taken.
  private(set) var count = 0
  /// What the waiting pieces weigh: their bytes, but no piece more than `heaviest`.
  private(set) var weight = 0
  private let heaviest: Int

  init(heaviest: Int = .max) {
    self.heaviest = heaviest
  }

  var isEmpty: Bool { count == 0 }

  mutating func append(_ piece: [UInt8]) {
    guard !piece.isEmpty else { return }
    pieces.append(piece)
    count += piece.count
    weight += weight(of: piece)
  }

  func weight(of piece: [UInt8]) -> Int { min(piece.count, heaviest) }

  /// Moves bytes into the buffer, as many as fit, and returns how many.
  mutating func take(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var filled = 0
    while filled < buffer.count, first < pieces.count {
      let taken = pieces[first].withUnsafeBytes { piece in
        let count = min(piece.count - offset, buffer.count - filled)
        buffer.baseAddress?.advanced(by: filled).copyMemory(
          from: piece.baseAddress!.advanced(by: offset), byteCount: count)
        return count
      }
      filled += taken
      offset += taken
      if offset == pieces[first].count {
        weight -= weight(of: pieces[first])
        pieces[first] = []
        first += 1
        offset = 0
      }
    }
    count -= filled
    shorten()
    return filled
  }

  mutating func removeAll() {
    self = ByteQueue(heaviest: heaviest)
  }

  /// Forgets the places of taken pieces: all when nothing waits, else once they are the greater part.
  private mutating func shorten() {
    if first == pieces.count {
      pieces = []
      first = 0
    } else if first > 64, first > pieces.count / 2 {
      pieces.removeFirst(first)
      first = 0
    }
  }
}
