import API
import Glibc
import Primitives
import Store

// What everything lies in: the database, the disk, the folder of contents.
extension HealthCheck {
  /// The row that is written to see whether anything can be.
  static let migrations = [
    Migration(
      id: "health-0001",
      sql: "CREATE TABLE health_probes (id INTEGER PRIMARY KEY, written_at INTEGER NOT NULL);")
  ]

  /// Writes a row, durably, and reads it back.
  static func database(_ database: Database, time: Time) -> HealthCheck {
    let file = DatabaseFile(database.path)
    return HealthCheck("database", "The database cannot be written or read.") {
      if let fault = file.fault() { return fault }
      let now = time.now()
      try await database.write { tx in
        try tx.run(
          """
          INSERT INTO health_probes (id, written_at) VALUES (1, $1)
          ON CONFLICT (id) DO UPDATE SET written_at = $1
          """, now)
      }
      let written: Timestamp? = try await database.read { tx in
        try tx.row("SELECT written_at FROM health_probes WHERE id = 1").map { try $0["written_at"] }
      }
      return written.map { $0 >= now } ?? false
        ? nil : "What is written to \(database.path) is not there afterwards."
    }
  }

  /// Whether another process keeps everybody from writing. One that was halted amid a transaction does so as long as it
  /// lives.
  static func writeLock(_ database: Database) -> HealthCheck {
    HealthCheck("write_lock", "Another process holds the database's write lock.") {
      database.lockedOut(longer: .seconds(1)).map { since in
        "Another process holds the write lock of \(database.path) since \(since). It may be halted, or hang: find it "
          + "(fuser \(database.path)), and let it go on or end it."
      }
    }
  }

  /// So much room must be left: 64 MiB, on a small disk a twentieth.
  static let leastRoom: UInt64 = 64 << 20

  /// Room for what comes: the database's log, contents, workspaces.
  static func disk(_ directory: String) -> HealthCheck {
    HealthCheck("disk", "The disk is full, or nearly so.") {
      var facts = statvfs()
      guard statvfs(directory, &facts) == 0 else {
        return "\(directory) cannot be asked for its room: \(String(cString: strerror(errno)))."
      }
      let room = UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
      let whole = UInt64(facts.f_blocks) * UInt64(facts.f_frsize)
      if room < min(leastRoom, whole / 20) {
        return "The disk of \(directory) has \(room >> 20) MiB left. Make room there."
      }
      if facts.f_files > 0, facts.f_favail < min(1000, facts.f_files / 20) {
        return "The disk of \(directory) can take \(facts.f_favail) more files. Make room there."
      }
      return nil
    }
  }

  /// Writes a block of a file without a name where contents and uploads go.
  static func files(_ directory: String) -> HealthCheck {
    HealthCheck("files", "Files cannot be stored.") {
      // O_TMPFILE, a macro that is not imported.
      var descriptor = open(directory, O_RDWR | 0o20000000 | O_DIRECTORY | O_CLOEXEC, 0o600)
      if descriptor < 0 && (errno == EOPNOTSUPP || errno == EISDIR) {
        let path = "\(directory)/health-probe"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        unlink(path)
      }
      guard descriptor >= 0 else {
        return "Nothing can be written to \(directory): \(String(cString: strerror(errno)))."
      }
      defer { close(descriptor) }
      let block = [UInt8](repeating: 0, count: 4096)
      return write(descriptor, block, block.count) == block.count
        ? nil : "Nothing can be written to \(directory): \(String(cString: strerror(errno)))."
    }
  }
}

/// The database's file as it was at the start. SQLite goes on for a while with one that was removed, replaced or
/// overwritten, and what it writes then is lost.
private struct DatabaseFile {
  let path: String
  private let inode: UInt
  /// SQLite's own. Opening the file once more and closing it again would drop the locks that SQLite holds on it.
  private let descriptor: Int32?

  init(_ path: String) {
    self.path = path
    var file = stat()
    inode = stat(path, &file) == 0 ? UInt(file.st_ino) : 0
    descriptor = (0..<65_536).first { [file] number in
      var facts = stat()
      return fstat(number, &facts) == 0 && facts.st_ino == file.st_ino && facts.st_dev == file.st_dev
    }
  }

  func fault() -> String? {
    var facts = stat()
    guard stat(path, &facts) == 0 else {
      return "\(path) is gone: \(String(cString: strerror(errno))). Stop the server and put it back."
    }
    guard UInt(facts.st_ino) == inode else {
      return "\(path) is another file than the one that was opened. Restart the server."
    }
    guard let descriptor else { return nil }
    var head = [UInt8](repeating: 0, count: 16)
    let count = pread(descriptor, &head, head.count, 0)
    // While everything is still in the log the file may be empty.
    if count <= 0 || (count == head.count && head.starts(with: "SQLite format 3\0".utf8)) { return nil }
    return "\(path) is no database any more: something else has written to it. Restore it from a backup."
  }
}
