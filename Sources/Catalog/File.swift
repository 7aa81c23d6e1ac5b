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
  package var createdAt: Timestamp

  init(_ row: Row) throws {
    id = try row["id"]
    filename = try row["filename"]
    mimeType = try row["mime_type"]
    content = Content(sha256: try row["sha256"], size: try row["size"])
    session = try row["session_id"]
    metadata = try row["metadata"]
    createdAt = try row["created_at"]
  }

  /// The file object of the wire.
  package var json: JSON {
    var object: JSON.Object = [
      "id": .string(id), "type": "file", "filename": .string(filename), "mime_type": .string(mimeType),
      "size_bytes": .integer(content.size), "created_at": .string(createdAt.description),
      "downloadable": true,
    ]
    if let session { object["scope"] = ["type": "session", "id": .string(session)] }
    return .object(object)
  }

  /// Guessed from the name's ending; `application/octet-stream` when nothing fits.
  package static func mimeType(of filename: String) -> String {
    let ending = filename.split(separator: ".").last.map { $0.lowercased() } ?? ""
    return mimeTypes[ending] ?? "application/octet-stream"
  }

  private static let mimeTypes = [
    "css": "text/css", "csv": "text/csv", "gif": "image/gif", "html": "text/html", "jpeg": "image/jpeg",
    "jpg": "image/jpeg", "js": "text/javascript", "json": "application/json", "jsonl": "application/jsonl",
    "md": "text/markdown", "pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml",
    "txt": "text/plain", "webp": "image/webp", "yaml": "application/yaml", "yml": "application/yaml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "zip": "application/zip",
  ]
}
