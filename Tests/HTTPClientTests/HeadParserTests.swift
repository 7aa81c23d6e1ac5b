import Testing

@testable import HTTPClient

@Suite struct `Reading the head of an answer` {
  private func parse(_ lines: [String]) -> (HeadParser, [HeadParser.Step]) {
    var parser = HeadParser()
    let steps = lines.map { line in Array(line.utf8).withUnsafeBytes { parser.take($0) } }
    return (parser, steps)
  }

  @Test func `fields lose the blanks around them`() {
    let (parser, steps) = parse(["HTTP/1.1 200 OK\r\n", "A:1\r\n", "B: \t x y \t\r\n", "C:\r\n", "\r\n"])
    #expect(steps == [.more, .more, .more, .more, .complete])
    #expect(parser.status == 200)
    #expect(parser.headers.map { "\($0.name)=\($0.value)" } == ["A=1", "B=x y", "C="])
  }

  @Test func `a folded line belongs to the field before it`() {
    let (parser, _) = parse(["HTTP/1.1 200 OK\r\n", "A: one\r\n", "\t two\r\n", "  \r\n"])
    #expect(parser.headers.first("a") == "one two")
  }

  @Test func `only the last head counts, and what follows it does not`() {
    let (parser, steps) = parse([
      "HTTP/1.1 100 Continue\r\n", "A: 1\r\n", "\r\n", "HTTP/2 404 \r\n", "B: 2\r\n", "\r\n",
      "C: trailer\r\n", "\r\n",
    ])
    #expect(steps == [.more, .more, .more, .more, .more, .complete, .more, .more])
    #expect(parser.status == 404)
    #expect(parser.headers.map(\.name) == ["B"])
  }

  @Test func `all heads together have a limit`() {
    let line = "A: " + String(repeating: "x", count: 1021) + "\r\n"
    let (_, steps) = parse(Array(repeating: line, count: 256))
    #expect(steps.firstIndex(of: .tooLong) == 255)
  }

  @Test func `names differ only by more than case`() {
    let headers = HTTPClient.Headers([("Content-Type", "a"), ("X@Y", "b"), ("É", "c")])
    #expect(headers.first("cONTENT-tYPE") == "a")
    #expect(headers.first("X`Y") == nil)
    #expect(headers.first("é") == nil)
    #expect(headers.first("É") == "c")
  }
}
