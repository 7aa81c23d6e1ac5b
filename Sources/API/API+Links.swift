import Catalog
import HTTPServer
import Primitives

// Signed links to files, for people who have no key.
extension API {
  /// The answer to a link that opens nothing, for a person in a browser; nil when it opens its file.
  func refusal(ofLink request: Request) -> HTTPResponse? {
    guard let links else { return .text(403, "\(FileLinkRefusal.forged)") }
    let refusal = links.refusal(
      of: request.path("id"), expires: request.query("expires") ?? "",
      signature: request.query("signature") ?? "", now: time.now())
    return refusal.map { .text($0 == .forged ? 403 : 410, "\($0)") }
  }

  /// A download under the file's own name (RFC 6266). Never shown as a page: the content comes from an agent.
  static func disposition(_ filename: String) -> String {
    let name = filename.split(separator: "/").last.map(String.init) ?? filename
    let plain = name.unicodeScalars.map { scalar in
      scalar.isASCII && scalar.value >= 0x20 && scalar.value != 0x7F
        && !"\"\\%".unicodeScalars.contains(scalar)
        ? Character(scalar) : "_"
    }
    let encoded = name.utf8.map { byte in
      let isPlain =
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
      return isPlain ? String(UnicodeScalar(byte)) : "%\(API.hex[Int(byte >> 4)])\(API.hex[Int(byte & 15)])"
    }
    return "attachment; filename=\"\(String(plain))\"; filename*=UTF-8''\(encoded.joined())"
  }

  private static let hex = Array("0123456789ABCDEF")
}
