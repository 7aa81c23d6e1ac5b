package import JSON
import Primitives

/// Where the next page of a list begins, as clients hand it back: `page_` and letters that mean nothing to
/// them. Inside is JSON, chosen by the list.
package struct Cursor: Hashable, Sendable {
  package let payload: JSON

  package init(_ payload: JSON) {
    self.payload = payload
  }

  package var text: String {
    "page_" + Base64.encode(payload.bytes).map { Cursor.replacements[$0] ?? "\($0)" }.joined()
  }

  /// Reads what `text` wrote; anything else throws `StoreError.badCursor`.
  package init(_ text: String) throws {
    guard text.hasPrefix("page_"), text.utf8.count <= 4096 else { throw StoreError.badCursor(text) }
    var base64 = ""
    for character in text.dropFirst(5) {
      switch character {
      case "-": base64 += "+"
      case "_": base64 += "/"
      case "+", "/", "=": throw StoreError.badCursor(text)
      default: base64.append(character)
      }
    }
    guard let bytes = Base64.decode(base64) else { throw StoreError.badCursor(text) }
    do {
      payload = try JSON(parsing: bytes)
    } catch {
      throw StoreError.badCursor(text)
    }
  }

  /// Characters of base64 that would have to be escaped in an address (RFC 4648, section 5).
  private static let replacements: [Character: String] = ["+": "-", "/": "_", "=": ""]
}
