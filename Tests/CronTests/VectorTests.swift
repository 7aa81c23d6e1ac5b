import Foundation
import Testing

@testable import Cron

@Suite struct `Shared vectors` {
  @Test func `every schedule fires at the listed times, forwards and backwards`() throws {
    var cases = 0
    for vector in try Vectors.lines("cron-next.jsonl") {
      let text = try #require(vector["expr"] as? String)
      let zone = try Vectors.zone(try #require(vector["tz"] as? String))
      let dst: DSTRule = vector["dst"] as? String == "cron" ? .once : .literal
      let expected = try #require(vector["next"] as? [String])
      let schedule = CronSchedule(
        expression: try CronExpression(text, name: vector["name"] as? String), zone: zone, dst: dst)
      var instant = try unix(try #require(vector["start"] as? String))
      var found: [String] = []
      for _ in expected {
        guard let next = schedule.next(after: instant) else { break }
        if !found.isEmpty {
          #expect(schedule.previous(before: next) == instant, "\(text) \(zone.name) \(dst) before \(next)")
        }
        instant = next
        found.append(zone.local(at: next).description)
      }
      #expect(found == expected, "\(text) in \(zone.name), \(dst)")
      if expected.count < 8, let next = schedule.next(after: instant) {
        #expect(next >= 4_102_444_800, "\(text) in \(zone.name) has one more before 2100")
      }
      cases += 1
    }
    #expect(cases == 3000)
  }

  @Test func `every invalid expression is refused for the listed reason at the listed place`() throws {
    var cases = 0
    for vector in try Vectors.lines("cron-invalid.jsonl") {
      let text = try #require(vector["expr"] as? String)
      let error = #expect(throws: CronError.self, "\(text)") {
        try CronExpression(text, name: vector["name"] as? String)
      }
      #expect(error?.class.rawValue == vector["error_class"] as? String, "\(text)")
      #expect(error?.field == vector["field"] as? String, "\(text)")
      #expect(error?.offset == vector["offset"] as? Int, "\(text)")
      let sentence = error?.description ?? ""
      #expect(sentence.hasSuffix(".") && !sentence.contains("Optional"), "\(sentence)")
      cases += 1
    }
    #expect(cases == 200)
  }

  @Test func `a name hashes to the listed numbers and values`() throws {
    var cases = 0
    for vector in try Vectors.lines("cron-hash.jsonl") {
      let name = try #require(vector["name"] as? String)
      let field = try #require(Field.allCases.first { $0.name == vector["field"] as? String })
      let fnv = StableHash.fnv1a(StableHash.key(name: name, field: field))
      #expect(hex(fnv) == vector["fnv1a64"] as? String)
      #expect(hex(StableHash.mixed(fnv)) == vector["hash"] as? String)
      for (item, values) in try #require(vector["values"] as? [String: [Int]]) {
        var parser = FieldParser(
          field, word: 0..<item.utf8.count, in: Array(item.utf8), name: name, dialect: .errand)
        #expect(try parser.parse().numbers.members == values, "\(item) for \(name)")
        cases += 1
      }
    }
    #expect(cases > 48)
  }

  @Test(arguments: [("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8")])
  func `the hash beneath is FNV-1a`(text: String, expected: String) {
    #expect(hex(StableHash.fnv1a(text.utf8)) == expected)
  }

  private func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
