/// Reads a stream of server-sent events as its bytes arrive, cut anywhere (WHATWG HTML, section 9.2.6).
///
/// An event that the stream ends inside is not one. An event without data is not one either, but its id
/// counts.
package struct ServerSentEvents: Sendable {
  package struct Event: Equatable, Sendable {
    /// `message` unless the server names another.
    package var type: String
    /// The data lines, joined with line feeds.
    package var data: String
    /// The last id the stream has given, by this event or an earlier one; empty before the first.
    package var id: String

    package init(type: String = "message", data: String, id: String = "") {
      self.type = type
      self.data = data
      self.id = id
    }
  }

  /// An event, or one line of it, is longer than the limit.
  package struct TooLong: Error, Equatable, CustomStringConvertible {
    package let limit: Int
    package var description: String {
      "The server sent an event of more than the \(limit) bytes allowed, so its stream was given up."
    }
  }

  /// To be sent as `Last-Event-ID` when the stream is opened again; empty for none.
  package private(set) var lastEventID = ""
  /// How long the server asks to wait before that.
  package private(set) var retry: Duration?

  private let limit: Int
  /// The line that is not complete yet.
  private var line: [UInt8] = []
  private var isFirstLine = true
  /// A line feed right after a carriage return belongs to it.
  private var isAfterCarriageReturn = false
  /// The event that is not complete yet. The id outlives it.
  private var data: [UInt8] = []
  private var type = ""
  private var id = ""
  private var isBroken = false

  /// - Parameter limit: the most bytes of one event, and of one line.
  package init(limit: Int = 4 * 1024 * 1024) {
    self.limit = limit
  }

  /// Takes the next bytes and returns the events they complete.
  /// - Throws: `TooLong` once an event is, and from then on; events before it are returned first.
  package mutating func read(_ bytes: [UInt8]) throws(TooLong) -> [Event] {
    var events: [Event] = []
    var rest = bytes[...]
    if isAfterCarriageReturn, let first = rest.first {
      isAfterCarriageReturn = false
      if first == 0x0A { rest = rest.dropFirst() }
    }
    while !isBroken, let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
      add(rest[..<end])
      guard !isBroken else { break }
      if let event = endLine() { events.append(event) }
      let isReturn = rest[end] == 0x0D
      rest = rest[(end + 1)...]
      if isReturn {
        isAfterCarriageReturn = rest.isEmpty
        if rest.first == 0x0A { rest = rest.dropFirst() }
      }
    }
    if !isBroken { add(rest) }
    if isBroken, events.isEmpty { throw TooLong(limit: limit) }
    return events
  }

  /// What the stream ended inside, as far as it came; nil when nothing is left. By the rules it is no event: whoever
  /// asks must be able to tell a whole one by its data.
  package mutating func end() -> Event? {
    if !line.isEmpty, let event = endLine() { return event }
    return endEvent()
  }

  private mutating func add(_ bytes: ArraySlice<UInt8>) {
    isBroken = bytes.count > limit - line.count - data.count
    if !isBroken { line += bytes }
  }

  /// Interprets the line that is complete now; an empty one ends the event.
  private mutating func endLine() -> Event? {
    defer { line.removeAll(keepingCapacity: line.count <= 4096) }
    var text = line[...]
    if isFirstLine, text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
    isFirstLine = false
    guard !text.isEmpty else { return endEvent() }
    let colon = text.firstIndex(of: 0x3A) ?? text.endIndex
    var value = text[colon...].dropFirst()
    if value.first == 0x20 { value = value.dropFirst() }
    take(field: String(decoding: text[..<colon], as: UTF8.self), value)
    return nil
  }

  /// A field without a name is a comment; one with a name of its own is ignored.
  private mutating func take(field: String, _ value: ArraySlice<UInt8>) {
    switch field {
    case "event":
      type = String(decoding: value, as: UTF8.self)
    case "data":
      data += value
      data.append(0x0A)
    case "id":
      if !value.contains(0) { id = String(decoding: value, as: UTF8.self) }
    case "retry":
      let isNumber = !value.isEmpty && value.allSatisfy { (0x30...0x39).contains($0) }
      if isNumber, let milliseconds = Int64(String(decoding: value, as: UTF8.self)) {
        retry = .milliseconds(milliseconds)
      }
    default:
      break
    }
  }

  private mutating func endEvent() -> Event? {
    defer {
      data = []
      type = ""
    }
    lastEventID = id
    guard !data.isEmpty else { return nil }
    let text = String(decoding: data.dropLast(), as: UTF8.self)
    return Event(type: type.isEmpty ? "message" : type, data: text, id: id)
  }
}
