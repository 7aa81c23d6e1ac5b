import JSON
import Testing

@Suite struct ObjectTests {
  @Test func `members keep the order in which they came`() {
    var object: JSON.Object = ["z": 1, "a": 2]
    object["m"] = 3
    object["z"] = 4
    #expect(object.keys == ["z", "a", "m"])
    #expect(object.values == [4, 2, 3])
    object["a"] = nil
    object["a"] = 5
    #expect(object.keys == ["z", "m", "a"])
    #expect(object.map(\.key) == object.keys)
    #expect(object.count == 3)
    #expect(JSON.Object().isEmpty)
  }

  @Test func `large objects find, replace and remove as small ones do`() {
    var object = JSON.Object()
    var model: [(String, Int)] = []
    // An ordered list searched from the start is slow and surely right.
    var state: UInt64 = 42
    for step in 0..<4000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let key = "k\((state >> 33) % 40)"
      let place = model.firstIndex { $0.0 == key }
      if (state >> 60) < 7 {
        object[key] = nil
        if let place { model.remove(at: place) }
      } else {
        object[key] = .integer(Int64(step))
        if let place { model[place].1 = step } else { model.append((key, step)) }
      }
      guard object.keys == model.map(\.0), object.values.map(\.intValue) == model.map(\.1),
        object[key]?.intValue == model.first(where: { $0.0 == key })?.1
      else {
        Issue.record("Step \(step): \(object) is not \(model)")
        return
      }
    }
  }

  @Test func `fifty thousand members take no quadratic time`() throws {
    var object = JSON.Object()
    for number in 0..<50_000 { object["key\(number)"] = .integer(Int64(number)) }
    let read = try JSON(parsing: JSON.object(object).bytes)
    for number in stride(from: 0, to: 50_000, by: 7) {
      #expect(read["key\(number)"]?.intValue == number)
    }
    #expect(read == .object(object))
  }

  @Test func `a copy stays as it was`() {
    let first: JSON = ["a": ["b": 1]]
    var second = first
    second["a"]?["b"] = 2
    second["c"] = 3
    #expect(first.text == #"{"a":{"b":1}}"#)
    #expect(second.text == #"{"a":{"b":2},"c":3}"#)
  }

  @Test func `merging takes the other's values and appends its new members`() {
    var object: JSON.Object = ["a": 1, "b": 2]
    #expect(object.merging(["b": 3, "c": 4]) == ["a": 1, "b": 3, "c": 4])
    object.merge(["c": 5, "a": 6])
    #expect(JSON.object(object).text == #"{"a":6,"b":2,"c":5}"#)
  }

  @Test func `equality and hash ignore the order of members and nothing else`() {
    let object: JSON.Object = ["a": 1, "b": ["c": 2, "d": 3]]
    let turned: JSON.Object = ["b": ["d": 3, "c": 2], "a": 1]
    #expect(object == turned)
    #expect(object.hashValue == turned.hashValue)
    #expect(Set([object, turned, ["a": 1], ["a": nil], ["b": 1]]).count == 4)
    #expect(object != ["a": 1, "b": ["c": 3, "d": 2]])
    #expect(JSON.Object(uniqueKeysWithValues: [("a", 1)]) == ["a": 1])
  }

  @Test func `a name given twice in a literal is a mistake of the programmer`() async {
    await #expect(processExitsWith: .failure) {
      _ = JSON.Object(uniqueKeysWithValues: [("a", 1), ("a", 2)])
    }
  }
}
