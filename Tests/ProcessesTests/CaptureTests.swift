import Processes
import Testing

@Suite struct CaptureTests {
  /// Head, tail, the pieces, and what is kept.
  static let cases: [(Int, Int, [String], String, Int)] = [
    (4, 0, ["ab", "cd"], "abcd", 0),
    (4, 0, ["ab", "cdef"], "abcd", 2),
    (2, 3, ["abcdefgh"], "abfgh", 3),
    (2, 3, ["a", "b", "c", "d", "e", "f"], "abdef", 1),
    (2, 3, ["abcde"], "abcde", 0),
    (0, 2, ["abc", "d"], "cd", 2),
    (0, 0, ["abc"], "", 3),
  ]

  @Test(arguments: cases)
  func `the beginning and the end are kept and the rest is counted`(
    head: Int, tail: Int, pieces: [String], kept: String, dropped: Int
  ) {
    var capture = Capture(head: head, tail: tail)
    for piece in pieces { Array(piece.utf8).withUnsafeBytes { capture.append($0) } }
    #expect(String(decoding: capture.bytes, as: UTF8.self) == kept)
    #expect(capture.dropped == dropped)
    #expect(capture.total == pieces.reduce(0) { $0 + $1.utf8.count })
  }

  @Test func `a long stream of pieces leaves the right end`() {
    var capture = Capture(head: 3, tail: 10)
    for number in 0..<100_000 { Array("\(number) ".utf8).withUnsafeBytes { capture.append($0) } }
    #expect(String(decoding: capture.tail, as: UTF8.self) == "998 99999 ")
  }
}
