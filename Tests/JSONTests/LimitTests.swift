import JSON
import Testing

@Suite struct LimitTests {
  func reason(_ text: String, _ limits: JSON.Limits = .standard) -> JSONError.Reason? {
    do throws(JSONError) {
      _ = try JSON(parsing: text, limits: limits)
      return nil
    } catch {
      return error.reason
    }
  }

  func nested(_ depth: Int, _ open: String = "[", _ close: String = "]") -> String {
    String(repeating: open, count: depth) + String(repeating: close, count: depth)
  }

  @Test func `128 levels are read, the 129th is refused`() {
    #expect(reason(nested(128)) == nil)
    #expect(reason(nested(129)) == .tooDeep(limit: 128))
    #expect(reason(nested(128, "{\"a\":[", "]}")) == .tooDeep(limit: 128))
    #expect(reason(nested(64, "{\"a\":[", "]}")) == nil)
    #expect(reason("1", JSON.Limits(depth: 0)) == nil)
    #expect(reason("[]", JSON.Limits(depth: 0)) == .tooDeep(limit: 0))
  }

  @Test(arguments: ["[", "{\"a\":", "[[],", "[{\"a\":"])
  func `nesting without end is an error and no crash`(open: String) {
    for depth in [10_000, 1_000_000] {
      let text = String(repeating: open, count: depth)
      #expect(reason(text) == .tooDeep(limit: 128))
      #expect(reason(text, JSON.Limits(depth: .max)) == .tooDeep(limit: JSON.Limits.deepest))
    }
  }

  @Test func `the deepest value that can be asked for is handled on the stack of any thread`() async throws {
    let text = nested(JSON.Limits.deepest, "[{\"a\":", "}]").replacing(":}", with: ":0}")
    let limits = JSON.Limits(depth: .max)
    #expect(reason(text, limits) == .tooDeep(limit: JSON.Limits.deepest))
    let fitting = nested(JSON.Limits.deepest)
    try await Task.detached {
      let value = try JSON(parsing: fitting, limits: limits)
      #expect(value.text == fitting)
      #expect(try JSON(parsing: value.prettyText, limits: limits) == value)
      #expect(value.hashValue == (try JSON(parsing: fitting, limits: limits)).hashValue)
    }.value
  }

  @Test func `the text may be as long as the limit says`() {
    #expect(reason("[1,2]", JSON.Limits(bytes: 5)) == nil)
    #expect(reason("[1,2] ", JSON.Limits(bytes: 5)) == .tooLong(bytes: 6, limit: 5))
    #expect(JSON.Limits.standard.bytes == 67_108_864)
  }

  @Test func `members and elements are counted together over the whole text`() {
    #expect(reason(#"{"a":[1,2],"b":3}"#, JSON.Limits(members: 4)) == nil)
    #expect(reason(#"{"a":[1,2],"b":3}"#, JSON.Limits(members: 3)) == .tooManyMembers(limit: 3))
    #expect(reason("[[],[],[]]", JSON.Limits(members: 2)) == .tooManyMembers(limit: 2))
    #expect(reason("1", JSON.Limits(members: 0)) == nil)
    // Replaced members count too.
    let limits = JSON.Limits(members: 2, duplicateKeys: .keepLast)
    #expect(reason(#"{"a":1,"a":2,"a":3}"#, limits) == .tooManyMembers(limit: 2))
  }

  @Test func `of a name that comes twice, the last value can be kept at the first place`() throws {
    let limits = JSON.Limits(duplicateKeys: .keepLast)
    let value = try JSON(parsing: #"{"a":1,"b":2,"a":3}"#, limits: limits)
    #expect(value.text == #"{"a":3,"b":2}"#)
    #expect(reason(#"{"a":1,"b":2,"a":3}"#) == .duplicateKey("a"))
  }

  @Test(arguments: [2, 16, 17, 1000])
  func `the same name twice is found in objects of every size`(count: Int) {
    let members = (0..<count).map { "\"k\($0)\":\($0)" }
    #expect(reason("{\(members.joined(separator: ","))}") == nil)
    for twice in [0, count - 1] {
      #expect(
        reason("{\((members + [members[twice]]).joined(separator: ","))}") == .duplicateKey("k\(twice)"))
    }
  }

  @Test func `names that only look alike are different members`() throws {
    let value = try JSON(parsing: "{\"\u{e9}\":1,\"e\u{301}\":2,\"a\u{323}\u{307}\":3,\"a\u{307}\u{323}\":4}")
    #expect(value.objectValue?.count == 4)
    #expect(value["\u{e9}"] == 1)
    #expect(value["e\u{301}"] == 2)
  }
}
