import JSON
import Primitives
import Store
import Testing

@Suite struct IDTests {
  @Test func `an id is its kind, the version, and 22 letters and digits`() {
    let id = ID.make("sesn", at: Timestamp(seconds: 1_800_000_000), .seeded(1))
    #expect(id.hasPrefix("sesn_01"))
    #expect(id.utf8.count == 29)
    #expect(ID.hasPrefix("sesn", id))
    #expect(!ID.hasPrefix("ses", id))
  }

  @Test func `ids sort by time, and by birth within a millisecond`() {
    let now = Timestamp(seconds: 1_900_000_000)
    var ids = [ID.make("a", at: Timestamp(microseconds: 0))]
    ids.append(ID.make("a", at: Timestamp(seconds: 1)))
    for _ in 0..<200 { ids.append(ID.make("a", at: now)) }
    ids.append(ID.make("a", at: now + .milliseconds(1)))
    ids.append(ID.make("a", at: Timestamp(seconds: 253_402_300_799)))
    #expect(ids == ids.sorted())
    #expect(Set(ids).count == ids.count)
  }

  @Test func `an id holds its millisecond`() {
    let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    for milliseconds in [Int64(1), 1_800_000_000_123, 253_402_300_799_999] {
      let id = ID.make("a", at: Timestamp(microseconds: milliseconds * 1000), .seeded(7))
      let number = id.utf8.suffix(22).reduce(UInt128(0)) {
        $0 * 62 + UInt128(alphabet.firstIndex(of: $1)!)
      }
      #expect(number >> 80 == UInt128(milliseconds))
    }
  }

  @Test(arguments: [
    ("sesn_01abcXYZ", true), ("sesn_a", true), ("sesn_", false), ("sesn", false), ("run_01abc", false),
    ("sesn_01-abc", false), ("sesn_01 abc", false), ("sesn_ü", false),
    ("sesn_" + String(repeating: "a", count: 65), false),
  ])
  func `an id of a kind is recognised`(id: String, isOne: Bool) {
    #expect(ID.hasPrefix("sesn", id) == isOne)
  }

  @Test(
    arguments: [
      nil, ["after": "sesn_01", "at": 17], "ü?>~~~???", [1, 2, 3],
    ] as [JSON])
  func `a cursor comes back from its text, which needs no escaping`(payload: JSON) throws {
    let text = Cursor(payload).text
    #expect(text.hasPrefix("page_"))
    #expect(text.utf8.allSatisfy { $0 == 0x2D || $0 == 0x5F || (0x30...0x7A).contains($0) })
    #expect(try Cursor(text).payload == payload)
  }

  @Test(arguments: [
    "", "page_", "page_!", "page_e30=", "page_e3", "sesn_e30", "page_" + String(repeating: "A", count: 5000),
  ])
  func `anything else is no cursor`(text: String) {
    let error = #expect(throws: StoreError.self) { try Cursor(text) }
    #expect(
      error?.description.hasSuffix("is not a page that this server handed out. Begin with the first page.")
        == true)
  }
}
