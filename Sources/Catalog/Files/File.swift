package import JSON
package import Primitives
import Store

/// A named content: an upload, or something a session made.
package struct File: Sendable, Equatable {
  package var id: String
  package var filename: String
  package var mimeType: String
  package var content: Content
  /// The session that made it; nil for an upload.
  package var session: String?
  /// What its maker says of it besides, for those who use it; not shown on the wire.
  package var metadata: JSON?
  /// The session whose sandbox sees this copy of an upload; nil for everything else.
  package var mountedIn: String?
  package var createdAt: Timestamp
  /// When it stops being there.
  package var expiresAt: Timestamp?

  /// Only what agents made leaves the server again; whoever uploaded a file has it.
  package var isDownloadable: Bool { session != nil }

  init(_ row: Row) throws {
    id = try row["id"]
    filename = try row["filename"]
    mimeType = try row["mime_type"]
    content = Content(sha256: try row["sha256"], size: try row["size"])
    session = try row["session_id"]
    metadata = try row["metadata"]
    mountedIn = try row["mounted_in"]
    createdAt = try row["created_at"]
    expiresAt = try row["expires_at"]
  }

  /// The file object of the wire.
  package var json: JSON {
    var object: JSON.Object = [
      "id": .string(id), "type": "file", "filename": .string(filename), "mime_type": .string(mimeType),
      "size_bytes": .integer(content.size), "created_at": .string(createdAt.description),
      "downloadable": .bool(isDownloadable),
    ]
    if let expiresAt { object["expires_at"] = .string(expiresAt.description) }
    if let session { object["scope"] = ["type": "session", "id": .string(session)] }
    return .object(object)
  }

  /// Guessed from the name's ending; `application/octet-stream` when nothing fits.
  package static func mimeType(of filename: String) -> String {
    let ending = filename.split(separator: ".").last.map { $0.lowercased() } ?? ""
    return mimeTypes[ending] ?? "application/octet-stream"
  }

  /// The usual ending of a type's names, with its dot; nil for a type that is not known.
  package static func ending(ofType mimeType: String) -> String? {
    let plain = mimeType.prefix { $0 != ";" && !$0.isWhitespace }.lowercased()
    // Of several endings the shorter, as in .jpg.
    return mimeTypes.filter { $0.value == plain }.keys.min { ($0.count, $0) < ($1.count, $1) }.map {
      "." + $0
    }
  }

  private static let mimeTypes = [
    "css": "text/css", "csv": "text/csv", "gif": "image/gif", "html": "text/html", "jpeg": "image/jpeg",
    "jpg": "image/jpeg", "js": "text/javascript", "json": "application/json", "jsonl": "application/jsonl",
    "md": "text/markdown", "pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml",
    "txt": "text/plain", "webp": "image/webp", "yaml": "application/yaml", "yml": "application/yaml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "zip": "application/zip",
  ]
}
