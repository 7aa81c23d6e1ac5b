/// What an edit does to the bytes of a file. Both come from outside, so the time grows with their lengths alone,
/// whatever they hold, and so does the room.
struct Replacement: Sendable {
  let old: [UInt8]
  let new: [UInt8]
  /// For each beginning of `old`, how much of its own beginning it ends with (Knuth, Morris, Pratt): where a
  /// comparison goes on after it failed there.
  private let borders: [Int]

  /// - Parameter old: at least one byte.
  init(of old: [UInt8], by new: [UInt8]) {
    (self.old, self.new) = (old, new)
    var borders = [0]
    borders.reserveCapacity(old.count)
    var length = 0
    for byte in old.dropFirst() {
      while length > 0, old[length] != byte { length = borders[length - 1] }
      if old[length] == byte { length += 1 }
      borders.append(length)
    }
    self.borders = borders
  }

  /// How often `old` occurs, from left to right, without overlaps.
  func count(in bytes: [UInt8]) -> Int {
    var count = 0
    search(bytes) { _ in count += 1 }
    return count
  }

  /// The bytes with every occurrence replaced.
  func applied(to bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = 0
    search(bytes) { place in
      result += bytes[rest..<place]
      result += new
      rest = place + old.count
    }
    return result + bytes[rest...]
  }

  private func search(_ bytes: [UInt8], _ found: (_ place: Int) -> Void) {
    var length = 0
    for index in bytes.indices {
      while length > 0, old[length] != bytes[index] { length = borders[length - 1] }
      if old[length] == bytes[index] { length += 1 }
      guard length == old.count else { continue }
      found(index + 1 - length)
      length = 0
    }
  }
}
