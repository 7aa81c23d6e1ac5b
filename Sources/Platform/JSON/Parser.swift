/// Reads one JSON text from start to end, byte by byte, with one byte of lookahead.
///
/// It calls itself for every level of nesting, at most `Limits.deepest` times.
struct Parser {
  let input: UnsafeBufferPointer<UInt8>
  let limits: JSON.Limits
  var position = 0
  /// Members and elements that may still come.
  private var membersLeft: Int

  private init(_ input: UnsafeBufferPointer<UInt8>, _ limits: JSON.Limits) {
    self.input = input
    self.limits = limits
    membersLeft = limits.members
  }

  static func parse(_ input: UnsafeBufferPointer<UInt8>, _ limits: JSON.Limits) -> Result<JSON, JSONError> {
    var parser = Parser(input, limits)
    do throws(Fault) {
      return .success(try parser.document())
    } catch {
      return .failure(JSONError(error, in: input))
    }
  }

  private mutating func document() throws(Fault) -> JSON {
    guard input.count <= limits.bytes else {
      throw Fault(reason: .tooLong(bytes: input.count, limit: limits.bytes), offset: 0)
    }
    if input.starts(with: [0xEF, 0xBB, 0xBF]) { throw fault(.byteOrderMark) }
    skipSpace()
    let value = try value(depth: 0, expected: "a value")
    skipSpace()
    guard position == input.count else { throw unexpected("the end of the text after the value") }
    return value
  }

  private mutating func value(depth: Int, expected: String) throws(Fault) -> JSON {
    switch current {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: throw unexpected(expected)
    }
  }

  private mutating func literal(_ word: StaticString, _ value: JSON) throws(Fault) -> JSON {
    for index in 0..<word.utf8CodeUnitCount {
      guard current == word.utf8Start[index] else { throw unexpected("the word \(word)") }
      position += 1
    }
    return value
  }

  private mutating func array(depth: Int) throws(Fault) -> JSON {
    try open(depth)
    if take(UInt8(ascii: "]")) { return .array([]) }
    var elements: [JSON] = []
    var expected = "a value or \"]\""
    while true {
      try countMember()
      elements.append(try value(depth: depth, expected: expected))
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw unexpected("\",\" or \"]\" after an element") }
      skipSpace()
      expected = "a value after the comma"
    }
  }

  private mutating func object(depth: Int) throws(Fault) -> JSON {
    try open(depth)
    var object = JSON.Object()
    if take(UInt8(ascii: "}")) { return .object(object) }
    var expected = "a key in quotation marks or \"}\""
    while true {
      let start = position
      guard current == UInt8(ascii: "\"") else { throw unexpected(expected) }
      try countMember()
      let key = try string()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw unexpected("\":\" after the key") }
      skipSpace()
      let member = try value(depth: depth, expected: "a value after \":\"")
      if !object.add(key, member) {
        guard limits.duplicateKeys == .keepLast else {
          throw Fault(reason: .duplicateKey(key), offset: start)
        }
        object[key] = member
      }
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(object) }
      guard take(UInt8(ascii: ",")) else { throw unexpected("\",\" or \"}\" after a member") }
      skipSpace()
      expected = "a key in quotation marks after the comma"
    }
  }

  /// Steps over the bracket at `position` and the white space behind it.
  private mutating func open(_ depth: Int) throws(Fault) {
    guard depth <= limits.depth else { throw fault(.tooDeep(limit: limits.depth)) }
    position += 1
    skipSpace()
  }

  private mutating func countMember() throws(Fault) {
    membersLeft -= 1
    guard membersLeft >= 0 else { throw fault(.tooManyMembers(limit: limits.members)) }
  }

  /// The byte at `position`; 0 at the end, which is nowhere a valid byte.
  var current: UInt8 { position < input.count ? input[position] : 0 }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard current == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < input.count {
      switch input[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  func fault(_ reason: JSONError.Reason) -> Fault {
    Fault(reason: reason, offset: position)
  }

  /// The fault for what lies at `position`.
  func unexpected(_ expected: String) -> Fault {
    guard position < input.count else { return fault(.unexpected(found: nil, expected: expected)) }
    let length = UTF8Sequence.length(at: position, of: input)
    guard length > 0 else { return fault(.notUTF8(input[position])) }
    let scalar = String(decoding: input[position..<position + length], as: UTF8.self).unicodeScalars.first
    return fault(.unexpected(found: scalar, expected: expected))
  }
}
