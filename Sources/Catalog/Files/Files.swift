import Crypto
import FileSystem
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
  private let randomness: Randomness
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

  // MARK: Contents

  /// Stores bytes.
  package func keep(_ bytes: [UInt8]) throws(FilesError) -> Content {
    let content = Content(sha256: Hex.encode(SHA256.hash(data: bytes)), size: Int64(bytes.count))
    if try renew(content) { return content }
    let partial = partialPath()
    let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o400)
    try FilesError.check(descriptor >= 0, partial)
    do {
      try FilesError.write(bytes[...], to: descriptor, partial)
    } catch {
      Glibc.close(descriptor)
      unlink(partial)
      throw error
    }
    return try settle(descriptor, partial, as: content)
  }

  /// Takes over a private copy on the host: reads it into the store and removes it. Holes stay holes.
  package func keep(copy: String) async throws -> Content {
    try await Self.threads.run {
      let content = try self.read(copy)
      unlink(copy)
      return content
    }
  }

  /// The bytes of a content.
  /// - Throws: `FilesError.tooLarge` over the limit, `.damaged`.
  package func bytes(of content: Content, limit: Int64 = 64 << 20) throws(FilesError) -> [UInt8] {
    guard content.size <= limit else { throw .tooLarge(size: content.size, limit: limit) }
    let path = path(ofContent: content.sha256)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    try FilesError.check(descriptor >= 0, path)
    defer { Glibc.close(descriptor) }
    let bytes = try FilesError.readAll(descriptor, path)
    try judge(Hex.encode(SHA256.hash(data: bytes)), against: content.sha256, path)
    return bytes
  }

  private func read(_ copy: String) throws(FilesError) -> Content {
    let source = open(copy, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    try FilesError.check(source >= 0, copy)
    defer { Glibc.close(source) }
    let partial = partialPath()
    let target = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o400)
    try FilesError.check(target >= 0, partial)
    var hash = SHA256()
    var size: Int64 = 0
    do {
      let zeros = [UInt8](repeating: 0, count: 1 << 20)
      while true {
        let piece = try FilesError.read(source, upTo: 1 << 20, copy)
        if piece.isEmpty { break }
        hash.update(data: piece)
        size += Int64(piece.count)
        // What is empty takes no space here either: a hole, to whose end the file is stretched.
        if piece.count == zeros.count, piece == zeros {
          try FilesError.check(
            ftruncate(target, off_t(size)) == 0 && lseek(target, off_t(size), SEEK_SET) >= 0, partial)
        } else {
          try FilesError.write(piece[...], to: target, partial)
        }
      }
    } catch {
      Glibc.close(target)
      unlink(partial)
      throw error
    }
    return try settle(target, partial, as: Content(sha256: Hex.encode(hash.finalize()), size: size))
  }

  /// Whether the content is here already, whole and as it was stored. If so it counts as written now, so that it is not collected
  /// before a row names it again.
  private func renew(_ content: Content) throws(FilesError) -> Bool {
    let path = path(ofContent: content.sha256)
    var status = stat()
    let written = writtenNow()
    guard stat(path, &status) == 0, status.st_size == content.size, isRight(content.sha256),
      utimensat(AT_FDCWD, path, written, 0) == 0
    else { return false }
    noteWritten(content)
    // Whoever put it there may not have come as far as this.
    try syncFolders(of: content)
    return true
  }

  /// What cannot be read, or is something else by now, is written anew.
  private func isRight(_ sha256: String) -> Bool {
    do {
      _ = try verified(sha256)
      return true
    } catch {
      return false
    }
  }

  /// Makes written bytes durable under their name: fsync, rename, fsync of the directory.
  func settle(
    _ descriptor: Int32, _ partial: String, as content: Content
  ) throws(FilesError) -> Content {
    let path = path(ofContent: content.sha256)
    let folder = "\(directory)/\(content.sha256.prefix(2))"
    let synced = futimens(descriptor, writtenNow()) == 0 && fsync(descriptor) == 0
    let failure = errno
    Glibc.close(descriptor)
    do throws(FilesError) {
      guard synced else { throw FilesError.system(path: partial, errno: failure) }
      try FilesError.check(mkdir(folder, 0o700) == 0 || errno == EEXIST, folder)
      try FilesError.check(rename(partial, path) == 0, path)
    } catch {
      unlink(partial)
      throw error
    }
    try syncFolders(of: content)
    noteWritten(content)
    return content
  }

  /// Makes the name of a content durable.
  private func syncFolders(of content: Content) throws(FilesError) {
    for directory in ["\(directory)/\(content.sha256.prefix(2))", directory] {
      do throws(FileFault) {
        try FileReplacement.sync(folder: directory)
      } catch {
        throw .system(path: directory, errno: error.errno)
      }
    }
  }

  /// The times of access and writing, by the clock that collecting goes by.
  private func writtenNow() -> [timespec] {
    let now = time.now()
    let spec = timespec(
      tv_sec: Int(now.seconds), tv_nsec: Int(now.microseconds - now.seconds * 1_000_000) * 1000)
    return [spec, spec]
  }

  private func partialPath() -> String {
    "\(directory)/partial-\(Hex.encode(randomness.bytes(12)))"
  }

  /// A content that arrives in pieces.
  package func intake() throws(FilesError) -> Intake {
    let partial = partialPath()
    let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o400)
    try FilesError.check(descriptor >= 0, partial)
    return Intake(files: self, path: partial, descriptor: descriptor)
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

  /// Something that was taken out of a session's sandbox.
  package struct Collected: Sendable, Equatable {
    package var name: String
    package var content: Content
    /// Nil leaves it to the name's ending.
    package var mimeType: String?
    package var metadata: JSON?

    package init(name: String, content: Content, mimeType: String? = nil, metadata: JSON? = nil) {
      self.name = name
      self.content = content
      self.mimeType = mimeType
      self.metadata = metadata
    }
  }

  /// A session's own copy of a file: the upload may go, the copy stays as long as the session.
  /// - Throws: `FilesError.notFound`, `.expired`.
  package func mount(_ tx: Transaction, _ id: String, in session: String) throws -> File {
    let file = try file(tx, id)
    return try add(tx, file.content, named: file.filename, mimeType: file.mimeType, mountedIn: session)
  }

  /// Brings a session's files to what was collected: new ones are added, changed ones replaced, and those
  /// that the agent removed go. What a client deleted stays away until the agent changes it.
  package func replace(
    _ tx: Transaction, session: String, with collected: [Collected]
  ) throws -> [File] {
    let collected = Self.withoutDuplicates(collected)
    let before = Dictionary(
      uniqueKeysWithValues: try list(tx, session: session).map { (Array($0.filename.utf8), $0) })
    let new = Dictionary(
      uniqueKeysWithValues: collected.map { (Array($0.name.utf8), $0.content.sha256) })
    var deleted = try deletedDeliverables(tx, session)
    for (name, sha256) in deleted where new[name] != sha256 {
      try tx.run(
        "DELETE FROM deleted_deliverables WHERE session_id = $1 AND filename = $2", session,
        String(decoding: name, as: UTF8.self))
      deleted[name] = nil
    }
    for (name, file) in before where new[name] == nil {
      try tx.run("DELETE FROM files WHERE id = $1", file.id)
    }
    return try collected.compactMap { new in
      let name = Array(new.name.utf8)
      if deleted[name] != nil { return nil }
      if let file = before[name] {
        if file.content == new.content && file.metadata == new.metadata { return file }
        try tx.run("DELETE FROM files WHERE id = $1", file.id)
      }
      return try add(
        tx, new.content, named: new.name, mimeType: new.mimeType, session: session, metadata: new.metadata)
    }
  }

  /// A name that is not taken: a number goes before it until it is free.
  package static func freeName(_ name: String, besides taken: Set<String>) -> String {
    var free = name
    var number = 1
    while taken.contains(free) {
      number += 1
      free = "\(number)-\(name)"
    }
    return free
  }

  /// Names are told apart by their bytes, as the disk and the database do; a text equals another one that only
  /// writes its accents differently.
  private static func withoutDuplicates(_ collected: [Collected]) -> [Collected] {
    var bytes: Set<[UInt8]> = []
    var names = Set(collected.map(\.name))
    return collected.map { file in
      var file = file
      if !bytes.insert(Array(file.name.utf8)).inserted {
        file.name = freeName(file.name, besides: names)
        names.insert(file.name)
        bytes.insert(Array(file.name.utf8))
      }
      return file
    }
  }

  /// The contents of a session's deliverables that clients deleted, by the bytes of their names.
  private func deletedDeliverables(_ tx: Transaction, _ session: String) throws -> [[UInt8]: String] {
    Dictionary(
      uniqueKeysWithValues: try tx.rows(
        "SELECT filename, sha256 FROM deleted_deliverables WHERE session_id = $1", session
      ).map { row in
        let name: String = try row["filename"]
        return (Array(name.utf8), try row["sha256"])
      })
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
