import JSON
import Testing

@Suite struct ValueTests {
  @Test func `literals make values`() {
    let name = "x"
    let value: JSON = ["n": nil, "b": true, "i": 1, "d": 1.5, "s": "a\(name)", "a": [1, "2"], "o": [:]]
    #expect(value.text == #"{"n":null,"b":true,"i":1,"d":1.5,"s":"ax","a":[1,"2"],"o":{}}"#)
  }

  @Test func `a value answers only for what it is`() {
    #expect(JSON.null.isNull)
    #expect(!JSON.bool(false).isNull)
    #expect(JSON.string("a").stringValue == "a")
    #expect(JSON.integer(1).stringValue == nil)
    #expect(JSON.bool(true).boolValue == true)
    #expect(JSON.integer(1).boolValue == nil)
    #expect(JSON.array([1]).arrayValue == [1])
    #expect(JSON.object([:]).arrayValue == nil)
    #expect(JSON.object(["a": 1]).objectValue == ["a": 1])
    #expect(JSON.null.objectValue == nil)
    #expect(JSON.integer(2).numberValue == 2)
    #expect(JSON.number(2.5).numberValue == 2.5)
    #expect(JSON.string("2").numberValue == nil)
  }

  @Test(
    arguments: [
      (1, 1), (.number(1), 1), (.number(-0.0), 0), (.number(1.5), nil), (.number(1e30), nil),
      (.number(.nan), nil),
      (.number(9_223_372_036_854_775_808), nil), (.integer(.max), .max), ("1", nil), (true, nil), (nil, nil),
    ] as [(JSON, Int64?)])
  func `whole numbers are integers however they are written`(value: JSON, integer: Int64?) {
    #expect(value.integerValue == integer)
    #expect(value.intValue == integer.map { Int($0) })
  }

  @Test func `members and elements are reached by subscripts, and what is not there is nil`() {
    let value: JSON = ["a": [1, ["b": nil]]]
    #expect(value["a"]?[0] == 1)
    #expect(value["a"]?[1]?["b"]?.isNull == true)
    #expect(value["a"]?[2] == nil)
    #expect(value["a"]?[-1] == nil)
    #expect(value["b"] == nil)
    #expect(value[0] == nil)
    #expect(JSON.string("a")["a"] == nil)
  }

  @Test func `setting a member makes an object where there was none`() {
    var value = JSON.null
    value["a"] = nil
    #expect(value.isNull)
    value["a"] = 1
    value["b"] = ["c": 2]
    value["b"]?["d"] = "e"
    #expect(value == ["a": 1, "b": ["c": 2, "d": "e"]])
    value["a"] = nil
    #expect(value == ["b": ["c": 2, "d": "e"]])
    value["a"] = .null
    #expect(value["a"] == .some(.null))
    var text: JSON = "text"
    text["a"] = nil
    #expect(text == "text")
    text["a"] = 1
    #expect(text == ["a": 1])
  }

  @Test func `numbers are equal by value and texts by code point`() {
    #expect(JSON.integer(1) == .number(1))
    #expect(JSON.integer(1).hashValue == JSON.number(1).hashValue)
    #expect(JSON.integer(.max) != .number(9_223_372_036_854_775_808))
    #expect(JSON.number(0.0) == .number(-0.0))
    #expect(JSON.number(0.0).hashValue == JSON.number(-0.0).hashValue)
    #expect(JSON.string("\u{e9}") != .string("e\u{301}"))
    #expect(JSON.bool(true) != 1)
    #expect(JSON.null != false)
    #expect(Set<JSON>([1, .number(1), "1", [1], ["a": 1], nil, true, .number(1.5)]).count == 7)
  }

  @Test func `values that may be absent become null`() {
    #expect(JSON.string(orNull: nil) == JSON.null)
    #expect(JSON.string(orNull: "a") == "a")
    #expect(JSON.integer(orNull: nil).isNull)
    #expect(JSON.integer(orNull: 1) == 1)
    #expect(JSON.optional(Int?.none) == JSON.null)
    #expect(JSON.optional(Int?.some(2)) == 2)
    #expect(JSON.optional(Bool?.some(true)) == true)
    #expect(JSON.optional(Double?.some(0.5)) == 0.5)
    #expect(JSON.optional(JSON?.none) == JSON.null)
    #expect(JSON(3) == 3)
  }
}
