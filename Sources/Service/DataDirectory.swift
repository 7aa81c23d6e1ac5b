import FileSystem
import Glibc
import Jobs
import Primitives

/// Where one installation keeps everything: the database, contents, workspaces, the API key.
package struct DataDirectory: Sendable {
  package let path: String

  var database: String { "\(path)/errand.db" }
  var files: String { "\(path)/files" }
  var workspaces: String { "\(path)/workspaces" }
  /// git's home, and repositories for as long as they are needed.
  var git: String { "\(path)/git" }
  package var keyFile: String { "\(path)/api-key" }
  var linkKeyFile: String { "\(path)/link-key" }

  /// Makes the directory when it is missing, readable by this user only.
  /// - Throws: `ServiceError.dataDirectory`.
  package init(_ path: String) throws(ServiceError) {
    self.path = path
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/\(part)"
      guard mkdir(made, 0o700) != 0 else { continue }
      let failure = errno
      if failure != EEXIST && access(made, F_OK) != 0 { throw .dataDirectory(path: path, errno: failure) }
    }
    // The dot at the end tells a file from a directory that may not be entered.
    guard access("\(path)/.", R_OK | W_OK | X_OK) == 0 else { throw .dataDirectory(path: path, errno: errno) }
  }

  /// Keeps what lies here from the machine's other users: prompts, results and what agents read. A directory that
  /// others made with other things in it stays as open as it is; the database in it does not.
  func shut() {
    var status = stat()
    guard stat(path, &status) == 0, status.st_uid == geteuid() else { return }
    let isOpen = status.st_mode & 0o077 != 0
    if isOpen, isOurs { chmod(path, 0o700) }
    // SQLite gives its files beside the database the mode of the database, and that one must be there for it.
    for (file, flags) in [(database, O_CREAT), ("\(database)-wal", 0), ("\(database)-shm", 0)] {
      let descriptor = Glibc.open(file, O_RDWR | O_CLOEXEC | flags, 0o600)
      // Whoever opens it next says why it cannot be.
      guard descriptor >= 0 else { continue }
      if fstat(descriptor, &status) == 0, status.st_mode & 0o077 != 0 { fchmod(descriptor, 0o600) }
      close(descriptor)
    }
  }

  /// What here is open to the machine's other users: keys, and the directory itself when `shut` left it so.
  func warnings() -> [String] {
    var warnings = [keyFile, linkKeyFile].compactMap { OpenSecret.warning(about: $0) }
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & 0o022 != 0 {
      warnings.append(
        "Other users of this machine may write to the data directory \(path) (mode \(OpenSecret.mode(status))). Run: "
          + "chmod 700 \(path)")
    }
    return warnings
  }

  /// Whether nothing but Errand's own is here.
  private var isOurs: Bool {
    guard access(database, F_OK) != 0 else { return true }
    guard let names = try? FolderList.names(in: path) else { return false }
    return names.allSatisfy { $0 == "api-key" }
  }

  /// The key that API callers show: the environment's, or the one that the first start wrote.
  func key(_ environment: [String: String], _ randomness: Randomness) throws(ServiceError) -> String {
    if let given = environment["ERRAND_API_KEY"], !given.isEmpty { return given }
    return try DataDirectory.secret(keyFile, randomness) { "errand_" + Hex.encode(randomness.bytes(24)) }
  }

  /// The key that links to files are signed with. Whoever removes its file ends every link.
  func linkKey(_ randomness: Randomness) throws(ServiceError) -> [UInt8] {
    let text = try DataDirectory.secret(linkKeyFile, randomness) { Hex.encode(randomness.bytes(32)) }
    return Array(text.utf8)
  }

  /// What a file holds; the first start makes it.
  private static func secret(
    _ file: String, _ randomness: Randomness, make: () -> String
  ) throws(ServiceError) -> String {
    if let existing = try readKey(file) { return existing }
    let key = make()
    // Written aside and linked into place, so that of two first starts one wins and no reader sees half.
    let partial = "\(file).\(Hex.encode(randomness.bytes(8)))"
    let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .keyFile(path: file, errno: errno) }
    defer { unlink(partial) }
    do throws(FileFault) {
      defer { close(descriptor) }
      try FileBytes.write((key + "\n").utf8, to: descriptor)
      try FileBytes.sync(descriptor)
    } catch {
      throw .keyFile(path: file, errno: error.errno)
    }
    if link(partial, file) != 0 {
      guard errno == EEXIST else { throw .keyFile(path: file, errno: errno) }
      guard let existing = try readKey(file) else { throw .emptyKeyFile(path: file) }
      return existing
    }
    return key
  }

  /// The key in a file; nil when there is no file.
  package static func readKey(_ path: String) throws(ServiceError) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 {
      if errno == ENOENT { return nil }
      throw .keyFile(path: path, errno: errno)
    }
    defer { close(descriptor) }
    let bytes: [UInt8]
    do throws(FileFault) {
      bytes = try FileBytes.beginning(descriptor, upTo: 512)
    } catch {
      throw .keyFile(path: path, errno: error.errno)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    return text.split(whereSeparator: \.isWhitespace).first.map(String.init)
  }
}
