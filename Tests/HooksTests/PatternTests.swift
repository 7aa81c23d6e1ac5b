import JSON
import Reading
import Testing

@testable import Hooks

@Suite struct PatternTests {
  private static let event: JSON = [
    "type": "issues.opened",
    "body": [
      "n": 5, "big": 9_007_199_254_740_993, "half": 0.5, "flag": true, "nothing": nil, "empty": "",
      "list": [],
      "text": "Images/Photo.PNG", "ip": "10.1.2.3", "ip6": "2001:db8::7", "tags": ["docs", "ui"],
      "nested": [["a", ["b"]]], "object": ["x": 1],
      "labels": [["name": "docs", "color": "red"], ["name": "bug", "color": "blue"]],
    ],
  ]

  private static func body(_ pattern: JSON) -> JSON { ["body": pattern] }

  @Test(
    arguments: [
      (["type": ["issues.opened", "issues.labeled"]], true),
      (["type": ["issues.closed"]], false),
      (body(["n": [5]]), true), (body(["n": [5.0]]), true), (body(["n": ["5"]]), false),
      (body(["big": [9_007_199_254_740_993]]), true), (body(["big": [9_007_199_254_740_992]]), false),
      (body(["flag": [true]]), true), (body(["flag": ["true"]]), false),
      (body(["nothing": [nil]]), true), (body(["missing": [nil]]), false), (body(["empty": [nil]]), false),
      (body(["empty": [""]]), true),
      (body(["tags": ["ui"]]), true), (body(["tags": ["bug"]]), false), (body(["nested": ["b"]]), true),
      (body(["list": ["x"]]), false),
      (body(["text": [["prefix": "Images/"]]]), true), (body(["text": [["prefix": "images/"]]]), false),
      (body(["text": [["prefix": ["equals-ignore-case": "images/"]]]]), true),
      (body(["text": [["suffix": ".PNG"]]]), true), (body(["text": [["suffix": ".png"]]]), false),
      (body(["text": [["suffix": ["equals-ignore-case": ".png"]]]]), true),
      (body(["text": [["equals-ignore-case": "IMAGES/PHOTO.png"]]]), true),
      (body(["text": [["wildcard": "Images/*.PNG"]]]), true), (body(["text": [["wildcard": "*hot*"]]]), true),
      (body(["text": [["wildcard": "*hot"]]]), false), (body(["n": [["prefix": "5"]]]), false),
      (body(["text": [["anything-but": "x"]]]), true),
      (body(["text": [["anything-but": ["x", "Images/Photo.PNG"]]]]), false),
      (body(["missing": [["anything-but": "x"]]]), false), (body(["n": [["anything-but": [1, 2]]]]), true),
      (body(["n": [["anything-but": 5]]]), false), (body(["tags": [["anything-but": "docs"]]]), true),
      (body(["text": [["anything-but": ["prefix": "Images"]]]]), false),
      (body(["text": [["anything-but": ["prefix": ["a", "b"]]]]]), true),
      (body(["text": [["anything-but": ["suffix": ".PNG"]]]]), false),
      (body(["text": [["anything-but": ["wildcard": ["*x", "*Photo*"]]]]]), false),
      (body(["text": [["anything-but": ["equals-ignore-case": ["images/photo.png"]]]]]), false),
      (body(["n": [["exists": true]]]), true), (body(["nothing": [["exists": true]]]), true),
      (body(["list": [["exists": true]]]), true), (body(["object": [["exists": true]]]), true),
      (body(["missing": [["exists": true]]]), false), (body(["missing": [["exists": false]]]), true),
      (body(["object": [["exists": false]]]), false),
      (body(["missing": ["deeper": [["exists": false]]]]), true),
      (body(["n": ["deeper": [["exists": false]]]]), true),
      (body(["list": ["a": [["exists": false]]]]), true),
      (body(["missing": ["x", ["exists": false]]]), true),
      (body(["n": [["numeric": ["=", 5]]]]), true), (body(["n": [["numeric": [">", 0, "<=", 5]]]]), true),
      (body(["n": [["numeric": ["<", 5]]]]), false), (body(["half": [["numeric": [">=", 0.5]]]]), true),
      (body(["text": [["numeric": [">", 0]]]]), false),
      (body(["ip": [["cidr": "10.0.0.0/8"]]]), true), (body(["ip": [["cidr": "10.1.2.0/31"]]]), false),
      (body(["ip6": [["cidr": "2001:db8::/32"]]]), true), (body(["text": [["cidr": "0.0.0.0/0"]]]), false),
      (body(["labels": ["name": ["bug"]]]), true), (body(["labels": ["name": ["none"]]]), false),
      // One element must fit all.
      (body(["labels": ["name": ["bug"], "color": ["blue"]]]), true),
      (body(["labels": ["name": ["bug"], "color": ["red"]]]), false),
      (["$or": [["type": ["x"]], ["body": ["n": [5]]]]], true),
      (["$or": [["type": ["x"]], ["body": ["n": [6]]]]], false),
      (body(["$or": [["n": [6]], ["flag": [true]]], "tags": ["ui"]]), true),
      (body(["object": ["x": [1], "y": [2]]]), false), (body(["object": [1]]), false),
    ] as [(JSON, Bool)])
  func `an event matches as the conventions say`(pattern: JSON, matches: Bool) throws {
    let compiled = try Pattern(pattern)
    #expect(compiled.matches(Self.event) == matches)
    #expect((compiled.mismatch(Self.event) == nil) == matches)
    // An index must not change anything.
    #expect(MatchIndex([compiled]).matches(Self.event) == (matches ? [0] : []))
  }

  @Test(
    arguments: [
      (body(["labels": ["name": ["wontfix"]]]), #"body.labels.name: none of "docs", "bug" is "wontfix""#),
      (["type": ["issues.closed", "push"]], #"type: "issues.opened" is not "issues.closed" or "push""#),
      (body(["missing": ["x"]]), #"body.missing: is missing, expected "x""#),
      (body(["list": ["x"]]), #"body.list: the list is empty, expected "x""#),
      (body(["nothing": ["x"]]), #"body.nothing: null is not "x""#),
      (
        ["type": ["issues.opened"], "body": ["n": [["numeric": [">", 5, "<=", 9]]]]],
        "body.n: 5 is not a number above 5.0 to 9.0"
      ),
      (
        body(["labels": ["name": ["bug"], "color": ["red"]]]),
        "body.labels: no element fits all of name, color"
      ),
      (body(["object": [["exists": false]]]), "body.object: an object is not absent"),
      (
        ["$or": [["type": ["x"]], ["body": ["n": [6]]]]],
        #"["$or"]: no alternative fits (type: "issues.opened" is not "x"; body.n: 5 is not 6)"#
      ),
      (
        body(["text": [["anything-but": ["prefix": "Images"]]]]),
        #"body.text: "Images/Photo.PNG" is not something other than a text that begins with "Images""#
      ),
    ] as [(JSON, String)])
  func `the first field that fails is named with what is there`(pattern: JSON, sentence: String) throws {
    #expect(try Pattern(pattern).mismatch(Self.event)?.description == sentence)
  }

  @Test func `a single label says which it is not`() throws {
    let pattern = try Pattern(["body": ["issue": ["labels": ["name": ["bug"]]]]])
    let event: JSON = ["body": ["issue": ["labels": [["name": "docs"]]]]]
    #expect(pattern.mismatch(event)?.description == #"body.issue.labels.name: none of "docs" is "bug""#)
  }

  @Test(
    arguments: [
      ("x", #"Expected an object such as {type: [issues.opened]}, found "x"."#),
      ([:], #"An empty pattern says nothing. Leave "match" out to take every event."#),
      (["type": "push"], #"type: Expected a list of the values that fit, found "push". Write ["push"]."#),
      (["type": []], "type: An empty list fits no value. Write the values that fit."),
      (
        ["tpye": ["push"]],
        #"tpye: Events have no "tpye" at their top. Did you mean "type"? They have: type, source, actor, text, body, headers."#
      ),
      (
        ["type": [["push"]]],
        "type[0]: Expected a value or a comparison, found a list. Put its values into the outer list."
      ),
      (
        ["type": [["prefx": "a"]]],
        #"type[0].prefx: There is no comparison "prefx". Did you mean "prefix"? There are: prefix, suffix, anything-but, exists, numeric, wildcard, equals-ignore-case, cidr."#
      ),
      (
        ["type": [["prefix": "a", "suffix": "b"]]],
        #"type[0]: Expected one comparison such as {prefix: "a"}, found 2 members."#
      ),
      (
        ["type": [["prefix": ""]]],
        "type[0].prefix: Every text begins and ends with nothing. Write some characters, or {exists: true}."
      ),
      (["type": [["prefix": 5]]], "type[0].prefix: Expected a text, found 5."),
      (["type": [["exists": "yes"]]], #"type[0].exists: Expected true or false, found "yes"."#),
      (
        ["type": [["numeric": [">"]]]],
        #"type[0].numeric: Expected a list such as [">", 0, "<=", 5], found a list."#
      ),
      (
        ["type": [["numeric": ["≥", 1]]]],
        #"type[0].numeric[0]: Expected "=", "<", "<=", ">" or ">=", found "≥"."#
      ),
      (["type": [["numeric": [">", 5, "<", 5]]]], "type[0].numeric: No number lies within these bounds."),
      (
        ["type": [["numeric": [">", 1, ">", 5]]]],
        #"type[0].numeric[2]: A range has one lower and one upper bound, and "=" stands alone."#
      ),
      (
        ["type": [["wildcard": "a**b"]]],
        "type[0].wildcard: Two stars in a row say no more than one. Write one."
      ),
      (
        ["type": [["wildcard": "a\\b"]]],
        #"type[0].wildcard: A backslash stands before a star or another backslash only. Write \\ for a backslash."#
      ),
      (
        ["type": [["cidr": "10.0.0.0"]]],
        #"type[0].cidr: Expected a network such as "10.0.0.0/8" or "2001:db8::/32", found "10.0.0.0"."#
      ),
      (
        ["type": [["anything-but": []]]],
        "type[0].anything-but: An empty list excludes nothing. Write what does not fit."
      ),
      (
        ["type": [["anything-but": [nil]]]],
        "type[0].anything-but[0]: Expected a text or a number, found nothing."
      ),
      (
        ["type": [["anything-but": ["numeric": [">", 1]]]]],
        "type[0].anything-but: Expected values, or one of prefix, suffix, equals-ignore-case, wildcard, found an object."
      ),
      (
        ["type": [["anything-but": ["prefix": ["a", ""]]]]],
        "type[0].anything-but.prefix[1]: Every text begins and ends with nothing. Write some characters, or {exists: true}."
      ),
      (
        ["$or": [["type": ["a"]]]],
        #"["$or"]: Expected a list of two or more objects, of which one must fit, found a list."#
      ),
      (["body": [:]], "body: An empty object says nothing. Write what lies in it, or [{exists: true}]."),
    ] as [(JSON, String)])
  func `what is no pattern is told with its place`(json: JSON, sentence: String) {
    #expect(Pattern.problems(json).map(\.description) == [sentence])
  }

  @Test func `a pattern is bounded in depth and number`() {
    var deep: JSON = ["x": ["y"]]
    for _ in 0..<60 { deep = ["x": deep] }
    #expect(Pattern.problems(["body": deep]).map(\.message) == ["The pattern lies more than 32 levels deep."])
    let many: JSON = ["type": .array((0..<3000).map { .integer($0) })]
    #expect(Pattern.problems(many).map(\.message) == ["A pattern has at most 2000 conditions."])
  }

  @Test(arguments: [
    ("*", "", true), ("*", "abc", true), ("a*", "a", true), ("*a", "a", true), ("a*a", "a", false),
    ("a*a", "aa", true), ("a*b*c", "a-b-b-c", true), ("*ab*ba*", "aba", false), ("*ab*ba*", "abba", true),
    ("*aab*", "aaab", true), (#"\*"#, "*", true), (#"\*"#, "x", false), (#"a\\*"#, #"a\b"#, true),
    ("é*", "éa", true),
  ])
  func `a star stands for any text`(wildcard: String, text: String, fits: Bool) throws {
    #expect(try Wildcard(wildcard).fits(text) == fits)
  }

  @Test func `a hostile text costs a wildcard no more than its length`() throws {
    let wildcard = try Wildcard("*" + String(repeating: "a", count: 900) + "b*")
    #expect(!wildcard.fits(String(repeating: "a", count: 2_000_000)))
  }
}
