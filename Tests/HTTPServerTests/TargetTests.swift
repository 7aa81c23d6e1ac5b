import Testing

@testable import HTTPServer

@Suite struct TargetTests {
  @Test(
    arguments: [
      ("/", "/", []), ("*", "*", []), ("/a", "/a", ["a"]), ("/a/", "/a/", ["a", ""]),
      ("//a", "//a", ["", "a"]),
      ("/a%2Fb/c", "/a%2Fb/c", ["a/b", "c"]), ("/a+b", "/a+b", ["a+b"]), ("/%C3%A9", "/%C3%A9", ["é"]),
      ("/a?b/c", "/a", ["a"]), ("/%2e%2E/x", "/%2e%2E/x", ["..", "x"]), ("http://h:1/a?b", "/a", ["a"]),
      ("HTTPS://h", "/", []), ("http://h?q", "/", []), ("/%zz", "/%zz", ["%zz"]),
    ] as [(String, String, [String])])
  func `a path is split before it is decoded`(target: String, path: String, segments: [String]) {
    let request = HTTPRequest(method: "GET", target: target)
    #expect(request.path == path)
    #expect(request.segments == segments)
  }

  @Test(
    arguments: [
      ("/", []), ("/?", []), ("/?a", ["a="]), ("/?a=", ["a="]), ("/?a=1&b=2", ["a=1", "b=2"]),
      ("/?b=2&a=1&b=3", ["b=2", "a=1", "b=3"]), ("/?a=1=2", ["a=1=2"]), ("/?a+b=c+d", ["a b=c d"]),
      ("/?a%26b=%3D%2B", ["a&b==+"]), ("/?&&a=1&", ["a=1"]), ("/?a=b?c", ["a=b?c"]), ("/?=x", ["=x"]),
    ] as [(String, [String])])
  func `a query keeps its order and its repetitions`(target: String, fields: [String]) {
    let request = HTTPRequest(method: "GET", target: target)
    #expect(request.query.map { "\($0.name)=\($0.value)" } == fields)
  }

  @Test func `header names match without regard to case`() {
    var headers = HTTPHeaders([("Accept", "a"), ("X", "1"), ("ACCEPT", "b")])
    headers.add("x", "2")
    #expect(headers.first("accept") == "a")
    #expect(headers.all("accepT") == ["a", "b"])
    #expect(headers.all("X") == ["1", "2"])
    #expect(headers.first("[") == nil)
    #expect(!HTTPHeaders.same("{", "["))
  }

  @Test func `deadlines come due in their order and not before`() {
    let start = ContinuousClock.now
    var deadlines = Deadlines()
    let order = [5, 3, 9, 1, 7, 3, 8, 2, 6, 4]
    for seconds in order { deadlines.add(start + .seconds(seconds), connection: UInt64(seconds)) }
    #expect(deadlines.earliest == start + .seconds(1))
    var due: [UInt64] = []
    while let entry = deadlines.takeDue(start + .seconds(6)) { due.append(entry.connection) }
    #expect(due == [1, 2, 3, 3, 4, 5, 6])
    #expect(deadlines.earliest == start + .seconds(7))
  }
}
