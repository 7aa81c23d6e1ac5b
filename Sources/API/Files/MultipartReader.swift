import Catalog
import Glibc
import Reading

/// Reads a `multipart/form-data` body (RFC 7578, framed as in RFC 2046, section 5.1) piece by piece. It is
/// strict: what it does not understand it refuses, and it keeps no more of the body than a delimiter's length.
struct MultipartReader {
  /// The head of a part.
  struct Head: Equatable {
    var name: String
    var filename: String?
    var contentType: String?
  }

  enum Token: Equatable {
    case head(Head)
    /// Some of the bytes of the part whose head came last.
    case bytes(ArraySlice<UInt8>)
    /// The part is over.
    case end
  }

  /// The most bytes of a part's head.
  static let headLimit = 16 << 10
  static let partLimit = 100
  /// RFC 2046 allows 70 characters; there are clients that send more.
  static let boundaryLimit = 1000

  private enum State { case preamble, delimiter, head, body, epilogue }

  /// `CRLF -- boundary`: it ends a part, and the line break belongs to it.
  private let delimiter: [UInt8]
  private var state = State.preamble
  /// What was not understood yet. The body may begin with a delimiter, whose line break is thought in front.
  private var buffer: [UInt8] = Array("\r\n".utf8)
  private var parts = 0

  /// - Parameter contentType: the request's field.
  /// - Throws: `APIError.invalid` when it names no such form.
  init(contentType: String?) throws {
    let (type, parameters) = HeaderParameters.read(contentType ?? "")
    guard type == "multipart/form-data" else {
      throw APIError.invalid("Content-Type: Expected multipart/form-data with a part named \"file\".")
    }
    guard let boundary = parameters["boundary"],
      (1...MultipartReader.boundaryLimit).contains(boundary.utf8.count)
    else {
      throw APIError.invalid(
        "Content-Type: Expected a boundary of 1 to \(MultipartReader.boundaryLimit) characters.")
    }
    delimiter = Array("\r\n--\(boundary)".utf8)
  }

  /// Takes the next piece of the body and returns what it brings.
  /// - Throws: `APIError.invalid`.
  mutating func read(_ bytes: ArraySlice<UInt8>) throws -> [Token] {
    buffer += bytes
    var tokens: [Token] = []
    while try step(&tokens) {}
    return tokens
  }

  /// - Throws: `APIError.invalid` when the form is not whole.
  func finish() throws {
    guard case .epilogue = state else {
      throw APIError.invalid("The form ends before its last boundary.")
    }
  }

  /// - Returns: false when more bytes are needed.
  private mutating func step(_ tokens: inout [Token]) throws -> Bool {
    switch state {
    case .preamble: return skipPreamble()
    case .delimiter: return try readDelimiter()
    case .head: return try readHead(&tokens)
    case .body: return readBody(&tokens)
    case .epilogue:
      buffer = []
      return false
    }
  }

  private mutating func skipPreamble() -> Bool {
    guard let place = MultipartReader.find(delimiter, in: buffer) else {
      buffer.removeFirst(max(0, buffer.count - delimiter.count))
      return false
    }
    buffer.removeFirst(place + delimiter.count)
    state = .delimiter
    return true
  }

  /// What stands behind a boundary: `--` at the end of the form, else spaces and a line break.
  private mutating func readDelimiter() throws -> Bool {
    if buffer.starts(with: Array("--".utf8)) {
      state = .epilogue
      return true
    }
    guard let place = MultipartReader.find(Array("\r\n".utf8), in: buffer) else {
      if buffer.count > 256 { throw APIError.invalid("A boundary of the form is followed by other text.") }
      return false
    }
    guard buffer[..<place].allSatisfy({ $0 == 0x20 || $0 == 0x09 }) else {
      throw APIError.invalid("A boundary of the form is followed by other text.")
    }
    // The line break stays: a head may be empty.
    buffer.removeFirst(place)
    state = .head
    return true
  }

  private mutating func readHead(_ tokens: inout [Token]) throws -> Bool {
    guard let place = MultipartReader.find(Array("\r\n\r\n".utf8), in: buffer) else {
      if buffer.count > MultipartReader.headLimit { throw APIError.invalid("A part's head is too long.") }
      return false
    }
    parts += 1
    if parts > MultipartReader.partLimit {
      throw APIError.invalid("The form has more than \(MultipartReader.partLimit) parts.")
    }
    tokens.append(.head(try MultipartReader.head(buffer[..<place])))
    buffer.removeFirst(place + 4)
    state = .body
    return true
  }

  private mutating func readBody(_ tokens: inout [Token]) -> Bool {
    if let place = MultipartReader.find(delimiter, in: buffer) {
      if place > 0 { tokens.append(.bytes(buffer[..<place])) }
      tokens.append(.end)
      buffer = Array(buffer[(place + delimiter.count)...])
      state = .delimiter
      return true
    }
    let safe = buffer.count - delimiter.count + 1
    if safe > 0 {
      tokens.append(.bytes(buffer[..<safe]))
      buffer = Array(buffer[safe...])
    }
    return false
  }

  private static func head(_ bytes: ArraySlice<UInt8>) throws -> Head {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw APIError.invalid("A part's head is not UTF-8.")
    }
    var disposition: String?
    var contentType: String?
    for line in text.split(separator: "\r\n") {
      guard let colon = line.unicodeScalars.firstIndex(of: ":") else {
        throw APIError.invalid("A part's head has a line without a colon: \(quoted(String(line))).")
      }
      let rest = line.unicodeScalars[colon...].dropFirst()
      let value = String(rest.drop(while: \.properties.isWhitespace))
      switch line[..<colon].lowercased() {
      case "content-disposition": disposition = value
      case "content-type": contentType = value
      default: break
      }
    }
    let (type, parameters) = HeaderParameters.read(disposition ?? "")
    guard type == "form-data", let name = parameters["name"] else {
      throw APIError.invalid(
        "A part of the form has no name: Content-Disposition: form-data; name=\"…\" is missing.")
    }
    return Head(name: name, filename: parameters["filename"], contentType: contentType)
  }

  /// - Parameter needle: begins with a line break, which is rare even in texts.
  private static func find(_ needle: [UInt8], in hay: [UInt8]) -> Int? {
    hay.withUnsafeBytes { hay in
      guard let start = hay.baseAddress else { return nil }
      var place = 0
      while hay.count - place >= needle.count,
        let found = memchr(start + place, Int32(needle[0]), hay.count - place - needle.count + 1)
      {
        if memcmp(found, needle, needle.count) == 0 { return UnsafeRawPointer(found) - start }
        place = UnsafeRawPointer(found) - start + 1
      }
      return nil
    }
  }
}

/// A header's value with its parameters: `form-data; name="a"; filename="b"`.
///
/// Read by scalars: a mark that combines with what stands before it would hide a quotation mark or a semicolon among
/// the characters.
enum HeaderParameters {
  private typealias Scalars = Substring.UnicodeScalarView

  /// The first word in small letters, and the parameters under their names in small letters; `filename*`
  /// (RFC 5987, UTF-8) counts as `filename`.
  static func read(_ value: String) -> (word: String, parameters: [String: String]) {
    var rest = value[...].unicodeScalars
    let word = rest.prefix { $0 != ";" }
    rest = rest.dropFirst(word.count)
    var parameters: [String: String] = [:]
    while rest.first == ";" {
      rest = rest.dropFirst().drop(while: isBlank)
      let name = rest.prefix { $0 != "=" && $0 != ";" }
      rest = rest.dropFirst(name.count)
      guard rest.first == "=" else { continue }
      rest = rest.dropFirst()
      let text = rest.first == "\"" ? quotedText(&rest) : plainText(&rest)
      let key = String(name).lowercased()
      if key == "filename*" {
        parameters["filename"] = extended(text) ?? parameters["filename"]
      } else if parameters[key] == nil {
        parameters[key] = text
      }
      rest = rest.drop { $0 != ";" }
    }
    return (String(String.UnicodeScalarView(word.filter { !isBlank($0) })).lowercased(), parameters)
  }

  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }

  private static func plainText(_ rest: inout Scalars) -> String {
    let text = rest.prefix { $0 != ";" && !isBlank($0) }
    rest = rest.dropFirst(text.count)
    return String(text)
  }

  /// Browsers write a quotation mark as `%22`, other programs as `\\"`.
  private static func quotedText(_ rest: inout Scalars) -> String {
    rest = rest.dropFirst()
    var text = String.UnicodeScalarView()
    while let scalar = rest.popFirst(), scalar != "\"" {
      if scalar == "\\", rest.first == "\"" || rest.first == "\\", let escaped = rest.popFirst() {
        text.append(escaped)
      } else {
        text.append(scalar)
      }
    }
    return String(text).replacing("%22", with: "\"")
  }

  /// `UTF-8''a%20b`.
  private static func extended(_ text: String) -> String? {
    let parts = text.unicodeScalars.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, String(parts[0]).lowercased() == "utf-8" else { return nil }
    var bytes: [UInt8] = []
    var rest = Substring(parts[2]).utf8
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let code = UInt8(String(Substring(rest.prefix(2))), radix: 16) else { return nil }
      bytes.append(code)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
