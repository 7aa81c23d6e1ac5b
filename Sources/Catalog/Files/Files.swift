import Glibc
package import JSON
package import Primitives
package import Store

/// Files and their contents. A content is written once, under its hash, and never changed; rows give it
/// names. The bytes are on the disk before a row can refer to them.
package final class Files: Sendable {
  package static let ids = IDTable("file", in: "files")
  package static let migrations = [
    Migration(
      id: "files-0001",
      sql: """
        CREATE TABLE files (
          id TEXT PRIMARY KEY,
          filename TEXT NOT NULL,
          mime_type TEXT NOT NULL,
          sha256 TEXT NOT NULL,
          size INTEGER NOT NULL,
          session_id TEXT,
          created_at INTEGER NOT NULL
        );
        CREATE UNIQUE INDEX files_of_session ON files (session_id, filename) WHERE session_id IS NOT NULL;
        CREATE INDEX files_by_content ON files (sha256);
        """),
    Migration(id: "files-0002", sql: "ALTER TABLE files ADD COLUMN metadata TEXT"),
    Migration(
      id: "files-0003",
      sql: """
        ALTER TABLE files ADD COLUMN expires_at INTEGER;
        ALTER TABLE files ADD COLUMN mounted_in TEXT;
        CREATE INDEX files_mounted ON files (mounted_in) WHERE mounted_in IS NOT NULL;
        """),
    Migration(
      id: "files-0004",
      sql: """
        CREATE TABLE unnamed_contents (
          sha256 TEXT PRIMARY KEY,
          since INTEGER NOT NULL
        );
        """),
    Migration(
      id: "files-0005",
      sql: """
        CREATE TABLE deleted_deliverables (
          session_id TEXT NOT NULL,
          filename TEXT NOT NULL,
          sha256 TEXT NOT NULL,
          PRIMARY KEY (session_id, filename)
        );
        """),
  ]

  /// Where contents lie.
  package let directory: String
  let time: Time
  let randomness: Randomness
  /// Large contents take long to read.
  static let threads = WorkThreads("files", count: 2)
  /// What was found when contents were read.
  let proofs = Lock(Proofs())
  /// Who else names contents, besides the rows of files.
  let namers = Lock<[@Sendable (Transaction, Set<String>) throws -> Set<String>]>([])

  /// - Parameter directory: where contents lie, as `ab/cdef…`; made when missing.
  package init(directory: String, time: Time = .system, randomness: Randomness = .system) throws(FilesError) {
    self.directory = directory
    self.time = time
    self.randomness = randomness
    try FilesError.check(mkdir(directory, 0o700) == 0 || errno == EEXIST, directory)
  }

  /// Has `named` asked which of some contents it needs, before any is collected. Once asked it must answer for as
  /// long as the program works.
  package func keepContents(_ named: @escaping @Sendable (Transaction, Set<String>) throws -> Set<String>) {
    namers.withLock { $0.append(named) }
  }

  /// The host path of a content.
  package func path(ofContent sha256: String) -> String {
    "\(directory)/\(sha256.prefix(2))/\(sha256.dropFirst(2))"
  }

  // MARK: Rows

  /// Gives a content a name, in the caller's transaction.
  /// - Parameters:
  ///   - mimeType: guessed from the name when nobody said.
  ///   - expiresIn: how long it is there, from its creation on; nil is without an end.
  package func add(
    _ tx: Transaction, _ content: Content, named filename: String, mimeType: String? = nil,
    session: String? = nil, mountedIn: String? = nil, expiresIn: Duration? = nil, metadata: JSON? = nil
  ) throws -> File {
    let now = time.now()
    let row = try tx.row(
      """
      INSERT INTO files (id, filename, mime_type, sha256, size, session_id, mounted_in, created_at, expires_at,
        metadata)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING *
      """,
      ID.make("file", at: now, randomness), filename, mimeType ?? File.mimeType(of: filename),
      content.sha256, content.size, session, mountedIn, now, expiresIn.map { now + $0 }, metadata)
    guard let row else { throw FilesError.notFound(id: filename) }
    return try File(row)
  }

  /// A session's own copy of a file: the upload may go, the copy stays as long as the session.
  /// - Throws: `FilesError.notFound`, `.expired`.
  package func mount(_ tx: Transaction, _ id: String, in session: String) throws -> File {
    let file = try file(tx, id)
    return try add(tx, file.content, named: file.filename, mimeType: file.mimeType, mountedIn: session)
  }

  /// What a session made, by name.
  package func list(_ tx: Transaction, session: String) throws -> [File] {
    try tx.rows("SELECT * FROM files WHERE session_id = $1 ORDER BY filename", session).map(File.init)
  }

  /// A page of files, the newest first. Copies that sessions mount are not among them.
  /// - Parameters:
  ///   - session: only what this session made.
  ///   - after: the id of the last file of the page before.
  ///   - before: the id of the first file of the page behind, whose predecessors are wanted instead.
  package func page(
    _ tx: Transaction, session: String?, after: String?, before: String? = nil, limit: Int
  ) throws -> [File] {
    let found = try tx.rows(
      """
      SELECT * FROM files WHERE mounted_in IS NULL AND ($1 = '' OR session_id = $1) AND ($2 = '' OR id < $2)
        AND ($3 = '' OR id > $3) AND (expires_at IS NULL OR expires_at > $4)
      ORDER BY id \(before == nil ? "DESC" : "ASC") LIMIT $5
      """, session ?? "", after ?? "", before ?? "", time.now(), limit
    ).map(File.init)
    return before == nil ? found : found.reversed()
  }

  /// Those of some files that are there, the newest first.
  package func files(_ tx: Transaction, ids: [String]) throws -> [File] {
    var conditions = Conditions()
    conditions.add("id", in: ids)
    conditions.add("expires_at IS NULL OR expires_at > $", time.now())
    return try tx.rows(
      "SELECT * FROM files \(conditions.clause) ORDER BY id DESC", values: conditions.values
    ).map(File.init)
  }

  /// Removes a name; the content stays until nothing names it. Whoever mounted the file keeps a copy. The sandbox
  /// still has a deliverable, so it is noted which one was not wanted.
  /// - Throws: `FilesError.notFound`.
  package func delete(_ tx: Transaction, _ id: String) throws {
    guard let row = try tx.row("DELETE FROM files WHERE id = $1 RETURNING *", id) else {
      throw FilesError.notFound(id: id)
    }
    let file = try File(row)
    guard let session = file.session else { return }
    try tx.run(
      """
      INSERT INTO deleted_deliverables (session_id, filename, sha256) VALUES ($1, $2, $3)
      ON CONFLICT (session_id, filename) DO UPDATE SET sha256 = excluded.sha256
      """, session, file.filename, file.content.sha256)
  }

  /// Removes what a session made and mounted.
  package func deleteAll(_ tx: Transaction, of session: String) throws {
    try tx.run("DELETE FROM files WHERE session_id = $1 OR mounted_in = $1", session)
    try tx.run("DELETE FROM deleted_deliverables WHERE session_id = $1", session)
  }

  /// - Throws: `FilesError.notFound`, `.expired`.
  package func file(_ tx: Transaction, _ id: String) throws -> File {
    guard let row = try tx.row("SELECT * FROM files WHERE id = $1", id) else {
      throw FilesError.notFound(id: id)
    }
    let file = try File(row)
    if let expiry = file.expiresAt, expiry <= time.now() { throw FilesError.expired(id: id, at: expiry) }
    return file
  }
}
