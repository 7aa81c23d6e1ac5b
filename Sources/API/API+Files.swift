import Catalog
import Domains
import HTTPServer
import JSON
import Primitives
import Reading
import Store

// Files: uploads, and what sessions made.
extension API {
  func uploadFile(_ request: Request) async throws -> HTTPResponse {
    let domains = domains
    let received = try await API.receive(request.http, into: domains.files)
    // A form's boundaries differ from try to try.
    let identity: JSON = [
      .string(received.content.sha256), .string(received.filename), .string(orNull: received.mimeType),
      received.expiresIn.map { .integer(Int64($0)) } ?? .null,
    ]
    return try await creating(request, identity: identity.bytes) { tx in
      try domains.files.add(
        tx, received.content, named: received.filename, mimeType: received.mimeType,
        expiresIn: received.expiresIn.map { .seconds($0) }
      ).json
    }
  }

  /// Off the threads that answer requests: it waits for the disk.
  @concurrent private static func receive(_ http: HTTPRequest, into files: Files) async throws
    -> Upload.Received
  {
    var upload = try Upload(contentType: http.headers.first("content-type"), into: files)
    try upload.take(http.body[...])
    if let body = http.bodyFile {
      var offset: Int64 = 0
      while true {
        let piece = try body.read(upTo: 1 << 18, at: offset)
        if piece.isEmpty { break }
        try upload.take(piece[...])
        offset += Int64(piece.count)
      }
    }
    return try upload.finish()
  }

  func listFiles(_ request: Request) async throws -> HTTPResponse {
    let ids = Array(Set(request.queryArray("ids")))
    if !ids.isEmpty { return try await listFiles(request, ids: ids) }
    let limit = try request.limit(default: 20, maximum: 1000)
    let session = request.query("scope_id")
    if WireVersion.names("files-api-2025-04-14", request.http) {
      return try await listFilesByID(request, session: session, limit: limit)
    }
    let after = try request.cursor(of: "files")?["after"]?.stringValue
    let files = try await domains.database.read { [domains] tx in
      try domains.files.page(tx, session: session, after: after, limit: limit + 1)
    }
    return page(files.map(\.json), limit: limit, of: "files")
  }

  /// The list as clients of the beta know it: they page by the ids at its ends. Newer ones that still name the beta
  /// page by cursor, so both are answered, and of both the cursor goes first: it is sent with all that came before.
  private func listFilesByID(_ request: Request, session: String?, limit: Int) async throws -> HTTPResponse {
    let cursor = try request.cursor(of: "files")?["after"]?.stringValue
    let after = cursor ?? request.query("after_id")
    let before = cursor == nil ? request.query("before_id") : nil
    if after != nil, before != nil { throw APIError.invalid("before_id: Give it or after_id, not both.") }
    let found = try await domains.database.read { [domains] tx in
      try domains.files.page(tx, session: session, after: after, before: before, limit: limit + 1)
    }
    // Backwards, the surplus is at the beginning.
    let shown = before == nil ? found.prefix(limit) : found.suffix(limit)
    let hasMore = found.count > limit
    return json([
      "data": .array(shown.map(\.json)), "has_more": .bool(hasMore),
      "first_id": .string(orNull: shown.first?.id), "last_id": .string(orNull: shown.last?.id),
      // Backwards, the file before which was asked for comes next.
      "next_page": link("after", hasMore || before != nil ? shown.last?.json : nil, of: "files"),
    ])
  }

  private func listFiles(_ request: Request, ids: [String]) async throws -> HTTPResponse {
    if ids.count > 100 { throw APIError.invalid("ids: Expected at most 100 ids, found \(ids.count).") }
    for name in ["limit", "page"] where request.query(name) != nil {
      throw APIError.invalid("\(name): It cannot be combined with ids, which come on one page.")
    }
    let session = request.query("scope_id")
    let files = try await domains.database.read { [domains] tx in try domains.files.files(tx, ids: ids) }
    let shown = files.filter { session == nil || $0.session == session }
    return json(["data": .array(shown.map(\.json)), "next_page": .null])
  }

  func showFile(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    return json(try await domains.database.read { [domains] tx in try domains.files.file(tx, id).json })
  }

  /// Sessions that mounted it keep their copies.
  func deleteFile(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    try await domains.database.write { [domains] tx in try domains.files.delete(tx, id) }
    return json(["id": .string(id), "type": "file_deleted"])
  }

  func fileContent(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    let file = try await domains.database.read { [domains] tx in try domains.files.file(tx, id) }
    guard file.isDownloadable else { throw FilesError.notDownloadable(id: id) }
    let path = try await domains.files.verifiedPath(of: file.content.sha256)
    // Shown to nobody's browser as a page: the content comes from an agent.
    return HTTPResponse(
      status: 200,
      headers: [
        ("content-type", file.mimeType), ("content-disposition", API.disposition(file.filename)),
        ("x-content-type-options", "nosniff"),
      ], body: .file(path: path, size: file.content.size))
  }
}
