import Glibc

/// Lists what lies in a folder: the one place that goes through directory streams.
package enum FolderList {
  /// One name in a folder.
  package struct Entry: Sendable {
    /// As the disk has it, with its final zero: it need not be UTF-8.
    package let raw: [CChar]
    /// Whether the folder itself says that it is a folder; not every file system does.
    package let isFolder: Bool

    package var name: String { String(decoding: raw.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) }
  }

  /// The names in a folder, in no order, without `.` and `..`.
  package static func names(in path: String) throws(FileFault) -> [String] {
    var names: [String] = []
    try read(path) { names.append($0.name) }
    return names
  }

  /// Goes through a folder, in no order, without `.` and `..`. What is made or removed meanwhile may show or not.
  package static func read(_ path: String, _ body: (Entry) -> Void) throws(FileFault) {
    guard let stream = opendir(path) else { throw .last }
    go(through: stream, body)
  }

  /// The same of an open folder, whose own position stays where it is.
  package static func read(descriptor: Int32, _ body: (Entry) -> Void) throws(FileFault) {
    let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { throw .last }
    guard let stream = fdopendir(copy) else {
      let fault = FileFault.last
      close(copy)
      throw fault
    }
    go(through: stream, body)
  }

  private static func go(through stream: OpaquePointer, _ body: (Entry) -> Void) {
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let raw = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) {
          Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
        }
      }
      if raw == [0x2E, 0] || raw == [0x2E, 0x2E, 0] { continue }
      body(Entry(raw: raw, isFolder: Int32(entry.pointee.d_type) == Int32(DT_DIR)))
    }
  }
}
