import Compression
package import JSON
import Signatures

/// The forms in which senders put what they have to say.
package enum HookBody {
  /// Fields of a form; more than these no sender has.
  static let fieldLimit = 200

  /// The media type without its parameters, in lower case.
  package static func mediaType(_ request: HookRequest) -> String? {
    request.headers["content-type"].first.map { value in
      value.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
    }
  }

  /// Whether the body is a form. The header that says so is not signed, so the bytes must agree: a text inside of a
  /// JSON object can look like fields, and no field of a form begins with a brace or a quotation mark.
  /// - Throws: `HookRefusal.unreadable` when they do not.
  package static func isForm(_ request: HookRequest) throws(HookRefusal) -> Bool {
    let isJSON = request.body.first { !isFiller($0) }.map { "{[\"".utf8.contains($0) } ?? false
    guard mediaType(request) == "application/x-www-form-urlencoded" else { return false }
    if isJSON {
      throw .unreadable(
        problem:
          "Content-Type says that it is a form, but it is JSON. The header is not signed, so the body counts."
      )
    }
    return true
  }

  /// White space, or a part of a byte order mark.
  private static func isFiller(_ byte: UInt8) -> Bool {
    [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains(byte)
  }

  /// The request without what it went through on its way: its body unpacked. The proof is for the bytes as they
  /// were sent, so this comes after it.
  static func unpacked(_ request: HookRequest) throws(HookRefusal) -> HookRequest {
    let codings = request.headers["content-encoding"].flatMap { value in
      value.utf8.split(separator: UInt8(ascii: ",")).map {
        String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace }.lowercased()
      }
    }.filter { !$0.isEmpty && $0 != "identity" }
    guard let coding = codings.first else { return request }
    guard codings.count == 1, ["gzip", "x-gzip", "deflate"].contains(coding) else {
      throw .unsupported(
        problem:
          "The body is packed as \(codings.joined(separator: ", ").shortened), and only gzip or deflate is "
          + "unpacked. Have the sender send it as it is.")
    }
    var unpacked = request
    do {
      unpacked.body =
        coding == "deflate"
        ? try Inflate.deflate(request.body, limit: Hooks.bodyLimit)
        : try Inflate.gzip(request.body, limit: Hooks.bodyLimit)
    } catch .tooLong {
      throw .unreadable(problem: "unpacked it has more than \(Hooks.bodyLimit) bytes.")
    } catch {
      throw .unreadable(problem: "Content-Encoding says \(coding), but it can't be unpacked so.")
    }
    return unpacked
  }

  /// What is written is taken for what it means: numbers keep their digits, whatever their size; half of a pair of
  /// surrogates, which is no character, becomes U+FFFD; and a byte order mark in front is none of the text.
  private static let limits = JSON.Limits(numbers: .exact, loneSurrogates: .replace)

  package static func json(_ bytes: some Collection<UInt8>) throws(HookRefusal) -> JSON {
    do {
      let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
      let text = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : Array(bytes)
      return try JSON(parsing: text, limits: limits)
    } catch {
      throw .unreadable(problem: error.description)
    }
  }

  package static func object(_ bytes: some Collection<UInt8>) throws(HookRefusal) -> JSON {
    let json = try json(bytes)
    guard json.objectValue != nil else { throw .unreadable(problem: "it is JSON, but no object.") }
    return json
  }

  /// The fields of `application/x-www-form-urlencoded` (https://url.spec.whatwg.org/#urlencoded-parsing), read
  /// strictly: a field that comes twice, or bytes that are no UTF-8, might mean one thing here and another
  /// further on.
  package static func form(_ bytes: [UInt8]) throws(HookRefusal) -> [String: String] {
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

extension String {
  /// What a stranger wrote, in a sentence.
  fileprivate var shortened: String { utf8.count > 60 ? String(unicodeScalars.prefix(60)) + "…" : self }
}
