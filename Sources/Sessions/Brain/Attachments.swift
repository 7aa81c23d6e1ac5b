import JSON
import Primitives
import Sessions

/// The contents of files that messages name, as the Messages API takes them. The log keeps the hash of each
/// file from the moment it was named, so that it may be deleted, and the same is sent again.
enum Attachments {
  /// The most bytes of all files of a conversation that are sent; further ones are only named.
  static let limit: Int64 = 24 << 20

  /// - Parameter read: the bytes of a content.
  static func sources(
    _ log: [Event], _ read: (_ sha256: String, _ size: Int64) throws -> [UInt8]
  ) rethrows -> [String: JSON] {
    var sources: [String: JSON] = [:]
    var room = limit
    for event in log where !event.isFlushed {
      for (id, file) in event.hidden?["files"]?.objectValue ?? [:] where sources[id] == nil {
        guard let hash = file["sha256"]?.stringValue, let size = file["size"]?.integerValue, size <= room,
          let source = source(try read(hash, size), type: file["mime_type"]?.stringValue ?? "")
        else { continue }
        sources[id] = source
        room -= size
      }
    }
    return sources
  }

  /// Nil for what the model cannot read.
  private static func source(_ bytes: [UInt8], type: String) -> JSON? {
    let type = String(type.prefix { $0 != ";" && !$0.isWhitespace }).lowercased()
    switch type {
    case "application/pdf", "image/jpeg", "image/png", "image/gif", "image/webp":
      return ["type": "base64", "media_type": .string(type), "data": .string(Base64.encode(bytes))]
    default:
      guard let text = String(validating: bytes, as: UTF8.self), !text.utf8.contains(0) else { return nil }
      return ["type": "text", "media_type": "text/plain", "data": .string(text)]
    }
  }
}
