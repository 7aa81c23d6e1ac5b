import Glibc
package import Processes

extension ProcessIdentity {
  /// The command lines of all processes that can be seen, parts with spaces between.
  package static func commandLines() -> [String] {
    guard let folder = opendir("/proc") else { return [] }
    defer { closedir(folder) }
    var lines: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
      }
      guard Int32(name) != nil else { continue }
      lines.append(text(of: "/proc/\(name)/cmdline"))
    }
    return lines
  }

  private static func text(of path: String) -> String {
    guard let file = try? Descriptor.open(path, O_RDONLY) else { return "" }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = max(0, read(file.number, &bytes, bytes.count))
    return String(decoding: bytes[..<count].map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
  }
}
