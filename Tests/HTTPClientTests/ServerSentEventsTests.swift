import Testing

@testable import HTTPClient

@Suite struct `Server-sent events` {
  typealias Event = ServerSentEvents.Event

  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    let stream: [UInt8]
    let events: [Event]
    var testDescription: String { name }

    init(_ name: String, _ stream: String, _ events: Event...) {
      self.init(name, Array(stream.utf8), events)
    }

    init(_ name: String, _ stream: [UInt8], _ events: [Event]) {
      self.name = name
      self.stream = stream
      self.events = events
    }
  }

  static let rows = [
    Row("one line", "data: a\n\n", Event(data: "a")),
    Row("several lines", "data: a\ndata\ndata:b\n\n", Event(data: "a\n\nb")),
    Row("only the first blank goes", "data:  a \n\n", Event(data: " a ")),
    Row("a colon in the value", "data: a: b\n\n", Event(data: "a: b")),
    Row("empty data is an event", "data\n\ndata:\n\n", Event(data: ""), Event(data: "")),
    Row("two empty lines of data", "data\ndata\n\n", Event(data: "\n")),
    Row("no data is none", "event: x\n\n: hello\n\nid: 3\n\n"),
    Row(
      "the type lasts for one event", "event: x\ndata: 1\n\ndata: 2\n\n", Event(type: "x", data: "1"),
      Event(data: "2")),
    Row("a type without data is forgotten", "event: x\n\ndata: 2\n\n", Event(data: "2")),
    Row("an empty type is the usual one", "event:\ndata: 2\n\n", Event(data: "2")),
    Row("the last type counts", "event: x\nevent: y\ndata: 1\n\n", Event(type: "y", data: "1")),
    Row("carriage returns", "data: a\r\rdata: b\r\r", Event(data: "a"), Event(data: "b")),
    Row("both", "data: a\r\n\r\ndata: b\r\n\r\n", Event(data: "a"), Event(data: "b")),
    Row(
      "mixed", "data: a\r\n\ndata: b\n\rdata: c\r\r\n", Event(data: "a"), Event(data: "b"), Event(data: "c")),
    Row("comments", ": hi\ndata: a\n:\n:data: b\n\n", Event(data: "a")),
    Row("unknown fields", "datas: a\nDATA: b\n data: c\nfoo\ndata: d\n\n", Event(data: "d")),
    Row("ids stay", "id: 1\ndata: a\n\ndata: b\n\n", Event(data: "a", id: "1"), Event(data: "b", id: "1")),
    Row(
      "an empty id clears", "id: 1\ndata: a\n\nid\ndata: b\n\n", Event(data: "a", id: "1"), Event(data: "b")),
    Row("an id with a zero byte", "id: 1\nid: 2\0\ndata: a\n\n", Event(data: "a", id: "1")),
    Row("a byte order mark", "\u{FEFF}data: a\n\n", Event(data: "a")),
    Row("only one mark goes", "\u{FEFF}\u{FEFF}data: a\n\ndata: b\n\n", Event(data: "b")),
    Row(
      "a mark later is text", "data: a\n\n\u{FEFF}data: b\n\ndata: \u{FEFF}\n\n", Event(data: "a"),
      Event(data: "\u{FEFF}")),
    Row("an unfinished event", "data: a\n\ndata: b\n", Event(data: "a")),
    Row("wide characters", "event: é\ndata: 🦊日\n\n", Event(type: "é", data: "🦊日")),
    Row("not UTF-8", Array("data: a".utf8) + [0xFF, 0x62] + Array("\n\n".utf8), [Event(data: "a\u{FFFD}b")]),
    Row("empty", ""),
  ]

  @Test(arguments: rows)
  func `the same events come out however the bytes are cut`(row: Row) throws {
    var whole = ServerSentEvents()
    #expect(try whole.read(row.stream) == row.events)

    var single = ServerSentEvents()
    var events: [Event] = []
    for byte in row.stream {
      events += try single.read([])
      events += try single.read([byte])
    }
    #expect(events == row.events)

    for cut in 0...row.stream.count {
      var halves = ServerSentEvents()
      let events = try halves.read(Array(row.stream[..<cut])) + halves.read(Array(row.stream[cut...]))
      #expect(events == row.events)
    }
  }

  @Test func `an event is out as soon as its last line ends`() throws {
    var parser = ServerSentEvents()
    #expect(try parser.read(Array("data: a\r\n\r".utf8)) == [Event(data: "a")])
    #expect(try parser.read(Array("\ndata: b\n\n".utf8)) == [Event(data: "b")])
  }

  @Test func `the id to resume from is that of the last whole event`() throws {
    var parser = ServerSentEvents()
    #expect(parser.lastEventID == "")
    _ = try parser.read(Array("id: 1\ndata: a\n\nid: 2\n".utf8))
    #expect(parser.lastEventID == "1")
    _ = try parser.read(Array("\n".utf8))
    #expect(parser.lastEventID == "2")
  }

  @Test(arguments: [
    ("1500", 1500), ("0", 0), ("-1", nil), ("1.5", nil), ("", nil), ("99999999999999999999", nil),
  ])
  func `the server sets the wait before a new attempt`(value: String, milliseconds: Int?) throws {
    var parser = ServerSentEvents()
    _ = try parser.read(Array("retry: \(value)\n".utf8))
    #expect(parser.retry == milliseconds.map { .milliseconds($0) })
  }

  @Test(arguments: [
    "data: 123456789012345\n\n", "data: 12345\ndata: 67890\n\n", ": 1234567890123456", "xxxxxxxxxxxxxxxxx",
  ])
  func `an event over the limit ends the stream`(stream: String) {
    var parser = ServerSentEvents(limit: 16)
    #expect(throws: ServerSentEvents.TooLong(limit: 16)) { try parser.read(Array(stream.utf8)) }
    #expect(throws: ServerSentEvents.TooLong(limit: 16)) { try parser.read(Array("data: a\n\n".utf8)) }
    #expect(
      "\(ServerSentEvents.TooLong(limit: 16))"
        == "The server sent an event of more than the 16 bytes allowed, so its stream was given up.")
  }

  @Test func `events before one over the limit are not lost`() throws {
    var parser = ServerSentEvents(limit: 16)
    let events = try parser.read(Array("data: a\n\ndata: b\n\ndata: 123456789012345".utf8))
    #expect(events == [Event(data: "a"), Event(data: "b")])
    #expect(throws: ServerSentEvents.TooLong(limit: 16)) { try parser.read([]) }
  }

  @Test func `heartbeats do not add up to the limit`() throws {
    var parser = ServerSentEvents(limit: 16)
    for _ in 0..<100 { #expect(try parser.read(Array(": beat\n".utf8)) == []) }
    #expect(try parser.read(Array("data: a\n\n".utf8)) == [Event(data: "a")])
  }
}
