import Glibc
import Primitives
import Processes

/// What a command printed. Up to `inMemory` bytes are held; once there are more, all of it goes to an unnamed
/// file as well, up to `onDisk`.
struct Transcript: Sendable {
  /// A result of 100,000 characters has at most this many bytes.
  static let inMemory = 400_000
  static let onDisk = 64 << 20
  static let shownEnd = 65_536

  private let folder: String
  private(set) var capture = Capture(head: inMemory, tail: shownEnd)
  private(set) var file: Descriptor?
  private(set) var written = 0
  /// Why the file is not whole, when the disk failed.
  private(set) var failure: String?

  /// - Parameter folder: where the unnamed file would be; no sandbox reaches it.
  init(folder: String) {
    self.folder = folder
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    let hadAll = capture.total
    capture.append(bytes)
    guard capture.total > Self.inMemory else { return }
    if hadAll <= Self.inMemory {
      capture.head.prefix(hadAll).withUnsafeBytes { keep($0) }
    }
    keep(bytes)
  }

  /// The file with everything, made now if there was no need before.
  mutating func keptFile() -> Descriptor? {
    if file == nil, failure == nil { capture.head.withUnsafeBytes { keep($0) } }
    return file
  }

  private mutating func keep(_ bytes: UnsafeRawBufferPointer) {
    guard failure == nil, written < Self.onDisk else { return }
    if file == nil {
      do {
        file = try .unnamed(in: folder)
      } catch {
        failure = "\(error)"
      }
    }
    guard let file else { return }
    var rest = bytes.prefix(Self.onDisk - written)
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      let size = write(file.number, part.baseAddress, part.count)
      guard size > 0 else {
        failure = ProcessError.text(errno)
        return
      }
      written += size
      rest = rest.dropFirst(size)
    }
  }
}
