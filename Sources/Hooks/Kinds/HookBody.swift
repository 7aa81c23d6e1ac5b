import JSON
import Signatures

/// The forms in which senders put what they have to say.
enum HookBody {
  /// Fields of a form; more than these no sender has.
  static let fieldLimit = 200

  /// The media type without its parameters, in lower case.
  static func mediaType(_ request: HookRequest) -> String? {
    request.headers["content-type"].first.map { value in
      value.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
    }
  }

  static func json(_ bytes: some Collection<UInt8>) throws(HookRefusal) -> JSON {
    do {
      return try JSON(parsing: bytes)
    } catch {
      throw .unreadable(problem: error.description)
    }
  }

  static func object(_ bytes: some Collection<UInt8>) throws(HookRefusal) -> JSON {
    let json = try json(bytes)
    guard json.objectValue != nil else { throw .unreadable(problem: "it is JSON, but no object.") }
    return json
  }

  /// The fields of `application/x-www-form-urlencoded` (https://url.spec.whatwg.org/#urlencoded-parsing), read
  /// strictly: a field that comes twice, or bytes that are no UTF-8, might mean one thing here and another
  /// further on.
  static func form(_ bytes: [UInt8]) throws(HookRefusal) -> [String: String] {
    var fields: [String: String] = [:]
    for pair in bytes.split(separator: UInt8(ascii: "&")) {
      guard fields.count < fieldLimit else {
        throw .unreadable(problem: "the form has more than \(fieldLimit) fields.")
      }
      let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      let name = try decode(parts[0])
      let value = parts.count == 2 ? try decode(parts[1]) : ""
      guard fields.updateValue(value, forKey: name) == nil else {
        throw .unreadable(problem: "a field of the form comes twice.")
      }
    }
    return fields
  }

  private static func decode(_ bytes: ArraySlice<UInt8>) throws(HookRefusal) -> String {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var place = bytes.startIndex
    while place < bytes.endIndex {
      switch bytes[place] {
      case UInt8(ascii: "+"): decoded.append(0x20)
      case UInt8(ascii: "%"):
        guard place + 2 < bytes.endIndex, let high = digit(bytes[place + 1]),
          let low = digit(bytes[place + 2])
        else { throw .unreadable(problem: "the form has a % without two hexadecimal digits behind it.") }
        decoded.append(high << 4 | low)
        place += 2
      case let byte: decoded.append(byte)
      }
      place += 1
    }
    guard let text = String(validating: decoded, as: UTF8.self) else {
      throw .unreadable(problem: "the form holds bytes that are no UTF-8.")
    }
    return text
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }
}
