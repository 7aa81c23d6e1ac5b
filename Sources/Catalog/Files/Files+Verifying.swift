import Crypto
import Glibc
import Primitives

// Contents are named by their hash, so what a disk or a person changed can be found out. Nothing is given out before
// its bytes were read through once and found to be those that were stored; a file that has not been touched since
// need not be read again.
extension Files {
  /// A file as it was when its bytes were found right.
  struct Proof: Equatable {
    let device: UInt
    let number: UInt
    let size: Int64
    /// In nanoseconds; the second cannot be set by anybody.
    let written: Int64
    let changed: Int64

    init(_ status: stat) {
      device = UInt(status.st_dev)
      number = UInt(status.st_ino)
      size = Int64(status.st_size)
      written = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
      changed = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
    }
  }

  struct Proofs {
    static let most = 4096
    var right: [String: Proof] = [:]
    /// Found to be something else, and not put right since.
    var damaged: Set<String> = []

    mutating func keep(_ proof: Proof, of sha256: String) {
      if right.count >= Self.most { right = [:] }
      right[sha256] = proof
      damaged.remove(sha256)
    }

    mutating func note(damaged sha256: String) {
      right[sha256] = nil
      if damaged.count < Self.most { damaged.insert(sha256) }
    }
  }

  /// The host path of a content that is what was stored. Reads the file through, unless nothing touched it since it
  /// was read last; blocks that long.
  /// - Throws: `FilesError.damaged`, `.system`.
  package func verified(_ sha256: String) throws(FilesError) -> String {
    let path = path(ofContent: sha256)
    let descriptor = try openContent(sha256, path)
    defer { Glibc.close(descriptor) }
    var before = stat()
    try FilesError.check(fstat(descriptor, &before) == 0, path)
    let proof = Proof(before)
    if proofs.withLock({ $0.right[sha256] }) == proof { return path }
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    var hash = SHA256()
    while true {
      let piece = try FilesError.read(descriptor, upTo: 1 << 18, path)
      if piece.isEmpty { break }
      hash.update(data: piece)
    }
    try judge(Hex.encode(hash.finalize()), against: sha256, path)
    proofs.withLock { $0.keep(proof, of: sha256) }
    return path
  }

  /// Opens what should be a content. Not blocking: in its place somebody may have put a named pipe, which would hold
  /// the reader for ever, and everybody behind it.
  /// - Throws: `FilesError.noPlainFile`, `.system`.
  func openContent(_ sha256: String, _ path: String) throws(FilesError) -> Int32 {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    try FilesError.check(descriptor >= 0, path)
    var status = stat()
    if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG { return descriptor }
    Glibc.close(descriptor)
    proofs.withLock { $0.note(damaged: sha256) }
    throw .noPlainFile(path: path)
  }

  /// As `verified`, off the threads that must not wait.
  package func verifiedPath(of sha256: String) async throws -> String {
    let path = path(ofContent: sha256)
    var status = stat()
    if stat(path, &status) == 0, proofs.withLock({ $0.right[sha256] }) == Proof(status) { return path }
    return try await Self.threads.run { try self.verified(sha256) }
  }

  /// What the operator must know of the stored contents; nil when all that were read are what was stored.
  package var damage: String? {
    let damaged = proofs.withLock { $0.damaged }
    guard let first = damaged.min() else { return nil }
    return """
      \(damaged.count) of the stored contents are not what was stored, such as \(path(ofContent: first)): a disk error, \
      or somebody changed them. They are given to nobody. Put them back from a backup, or upload the files again.
      """
  }

  /// - Throws: `FilesError.damaged`.
  func judge(_ found: String, against sha256: String, _ path: String) throws(FilesError) {
    guard found != sha256 else { return }
    proofs.withLock { $0.note(damaged: sha256) }
    throw .damaged(path: path, found: found)
  }

  /// Notes that a content was just written as it should be.
  func noteWritten(_ content: Content) {
    var status = stat()
    guard stat(path(ofContent: content.sha256), &status) == 0, Int64(status.st_size) == content.size else {
      return
    }
    proofs.withLock { $0.keep(Proof(status), of: content.sha256) }
  }
}
