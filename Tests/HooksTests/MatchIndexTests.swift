import JSON
import Testing

@testable import Hooks

@Suite struct MatchIndexTests {
  /// Small numbers from a seed, the same in every run.
  private struct Dice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      // SplitMix64.
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }

  private static func value(_ dice: inout Dice) -> JSON {
    switch Int.random(in: 0..<6, using: &dice) {
    case 0: .integer(Int64.random(in: -1..<9, using: &dice))
    case 1: .null
    case 2: .bool(Bool.random(using: &dice))
    default:
      .string(
        ["ab", "abc", "B", "b", "cab", "é", "aabcabcb", "x abc y", "bcabbcab"].randomElement(using: &dice)
          ?? "")
    }
  }

  private static func condition(_ dice: inout Dice) -> JSON {
    let text = JSON.string(["a", "ab", "b", "B", "c"].randomElement(using: &dice) ?? "a")
    let low = Int64.random(in: -1..<5, using: &dice)
    switch Int.random(in: 0..<14, using: &dice) {
    case 0: return ["prefix": text]
    case 1: return ["suffix": text]
    case 2: return ["equals-ignore-case": text]
    case 3: return ["wildcard": .string("\(text.stringValue ?? "")*b")]
    case 4: return ["anything-but": [text]]
    case 5: return ["exists": .bool(Bool.random(using: &dice))]
    case 6: return ["numeric": [">", .integer(low)]]
    case 7: return ["numeric": ["<=", .integer(low)]]
    case 8:
      return [
        "numeric": [">=", .integer(low), "<", .integer(low + 1 + Int64.random(in: 0..<4, using: &dice))]
      ]
    case 9:
      return ["wildcard": .string(["*abc*", "a*bca*b", "*ca*", "*y"].randomElement(using: &dice) ?? "*")]
    default: return value(&dice)
    }
  }

  private static func object(_ dice: inout Dice, depth: Int, leaf: (inout Dice) -> JSON) -> JSON {
    var object: JSON.Object = [:]
    for name in ["p", "q", "r"] where Bool.random(using: &dice) || object.isEmpty {
      object[name] =
        depth > 0 && Bool.random(using: &dice)
        ? Self.object(&dice, depth: depth - 1, leaf: leaf) : leaf(&dice)
    }
    return .object(object)
  }

  @Test(arguments: 0..<30) func `an index finds exactly what looking at each finds`(seed: UInt64) throws {
    var dice = Dice(state: seed &* 977 &+ 3)
    let patterns = try (0..<60).map { number -> Pattern? in
      if number == 59 { return nil }
      var pattern: JSON = [
        "body": Self.object(&dice, depth: 2) { dice in
          .array((0..<Int.random(in: 1...2, using: &dice)).map { _ in Self.condition(&dice) })
        }
      ]
      if number % 7 == 0 { pattern["$or"] = [["type": ["x"]], ["type": ["y"]]] }
      return try Pattern(pattern)
    }
    let index = MatchIndex(patterns)
    var found = 0
    for _ in 0..<60 {
      let body = Self.object(&dice, depth: 3) { dice in
        Bool.random(using: &dice) ? Self.value(&dice) : [Self.value(&dice), ["p": Self.value(&dice)]]
      }
      let event: JSON = ["type": Bool.random(using: &dice) ? "x" : "z", "body": body]
      let matches = patterns.indices.filter { patterns[$0]?.matches(event) ?? true }
      #expect(index.matches(event) == matches)
      found += matches.count
    }
    #expect(found > 60)
  }

  @Test func `only the jobs that nearly match are looked at`() throws {
    let patterns = try (0..<1000).map { number in
      try Pattern([
        "type": ["issues.opened"], "body": ["repo": [.string("r\(number)")], "label": ["bug"]],
      ])
    }
    let index = MatchIndex(patterns)
    let sorted = index.sort(["type": "issues.opened", "body": ["repo": "r7", "label": "docs"]])
    #expect(sorted.matching.isEmpty)
    #expect(sorted.near == [7])
  }

  @Test func `texts that only look alike are told apart`() throws {
    let index = MatchIndex([
      try Pattern(["body": ["e\u{301}": ["1"]]]), try Pattern(["body": ["\u{E9}": ["1"]]]),
    ])
    #expect(index.matches(["body": ["\u{E9}": "1"]]) == [1])
    #expect(index.matches(["body": ["e\u{301}": "1"]]) == [0])
  }
}
