import FileSystem
import Glibc
import Primitives

/// Where a download goes: standard output, or a file that is there under its name only once it is whole.
struct DownloadTarget: ~Copyable {
  /// As it is told; what was there before under this name stays until the end.
  private let name: String
  private let descriptor: Int32
  /// The file beside it that is written until then; nil when the bytes go where they are to go at once.
  private var partial: String?
  /// The file itself, behind every link.
  private let path: String

  /// - Parameter path: nil for standard output.
  /// - Throws: `Complaint.unwritable`.
  init(_ path: String?, randomness: Randomness = .system) throws(Complaint) {
    let name = path ?? "standard output"
    if path == nil, isatty(STDOUT_FILENO) == 1 {
      throw .unwritable(
        path: name,
        reason:
          "it is a terminal, and the file's bytes could steer it; give --to FILE, or send them on with | less"
      )
    }
    var status = stat()
    let isThere = path.map { stat($0, &status) == 0 } ?? false
    let kind = status.st_mode & S_IFMT
    if isThere, kind == S_IFDIR {
      throw .unwritable(path: name, reason: "it is a folder; name the file to write in it")
    }
    let target = path.map { isThere ? DownloadTarget.resolved($0) : $0 } ?? ""
    let beside = "\(target).\(Hex.encode(randomness.bytes(4)))"
    // A device or a pipe takes the bytes as they come.
    let isFile = path != nil && (!isThere || kind == S_IFREG)
    let descriptor =
      isFile
      ? open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      : path.map { open($0, O_WRONLY | O_CLOEXEC) } ?? dup(STDOUT_FILENO)
    guard descriptor >= 0 else { throw DownloadTarget.complaint(name, errno) }
    self.name = name
    self.descriptor = descriptor
    self.path = target
    partial = isFile ? beside : nil
  }

  deinit {
    close(descriptor)
    if let partial { unlink(partial) }
  }

  /// - Throws: `Complaint.unwritable`.
  func write(_ chunk: [UInt8]) throws(Complaint) {
    do throws(FileFault) {
      try FileBytes.write(chunk, to: descriptor)
    } catch {
      throw DownloadTarget.complaint(name, error.errno)
    }
  }

  /// Gives the file its name.
  /// - Throws: `Complaint.unwritable`.
  mutating func finish() throws(Complaint) {
    guard let partial else { return }
    guard rename(partial, path) == 0 else { throw DownloadTarget.complaint(name, errno) }
    self.partial = nil
  }

  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  private static func complaint(_ name: String, _ failure: Int32) -> Complaint {
    .unwritable(path: name, reason: String(cString: strerror(failure)))
  }
}
