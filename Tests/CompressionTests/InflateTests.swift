import Testing

@testable import Compression

@Suite struct InflateTests {
  private static let text = Array(#"{"type":"door.broken"}"#.utf8)
  private static let gzip = bytes(
    "1f8b0800000000000203ab562aa92c4855b2524ac9cf2fd24b2acacf4ecd53aa0500da62651816000000")
  private static let zlib = bytes("789cab562aa92c4855b2524ac9cf2fd24b2acacf4ecd53aa0500591107e0")
  private static let raw = bytes("ab562aa92c4855b2524ac9cf2fd24b2acacf4ecd53aa0500")

  private static func bytes(_ digits: String) -> [UInt8] {
    let digits = Array(digits.utf8).map { $0 > 0x39 ? $0 - 87 : $0 - 48 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  @Test func `a packed body is unpacked, whichever frame it has`() throws {
    #expect(try Inflate.gzip(Self.gzip, limit: 100) == Self.text)
    #expect(try Inflate.deflate(Self.zlib, limit: 100) == Self.text)
    #expect(try Inflate.deflate(Self.raw, limit: 100) == Self.text)
  }

  @Test func `members one after the other are one text`() throws {
    #expect(try Inflate.gzip(Self.gzip + Self.gzip, limit: 100) == Self.text + Self.text)
  }

  @Test func `what becomes longer than allowed is given up`() throws {
    #expect(try Inflate.gzip(Self.gzip, limit: Self.text.count) == Self.text)
    #expect(throws: Inflate.Failure.tooLong) { try Inflate.gzip(Self.gzip, limit: Self.text.count - 1) }
    #expect(throws: Inflate.Failure.tooLong) { try Inflate.deflate(Self.zlib, limit: Self.text.count - 1) }
  }

  @Test func `a bomb of many members is given up as soon as it is too long`() {
    let bomb = Array(repeatElement(Self.gzip, count: 10_000).joined())
    #expect(throws: Inflate.Failure.tooLong) { try Inflate.gzip(bomb, limit: 1000) }
  }

  private static let broken: [[UInt8]] = [
    [], [0x1F], Array("{}".utf8), Array(gzip.dropLast()), Array(gzip.dropLast(12)), gzip + [1, 2, 3], zlib,
  ]

  @Test(arguments: broken)
  func `what is broken, cut or of another format is told`(bytes: [UInt8]) {
    #expect(throws: Inflate.Failure.broken) { try Inflate.gzip(bytes, limit: 1 << 20) }
  }
}
