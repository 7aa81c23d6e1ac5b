import Glibc
package import Processes

extension ProcessIdentity {
  /// The command lines of all processes that can be seen, parts with spaces between.
  package static func commandLines() -> [String] {
    ProcFile.numbers("/proc").map { text(of: "/proc/\($0)/cmdline") }
  }

  private static func text(of path: String) -> String {
    guard let file = try? Descriptor.open(path, O_RDONLY) else { return "" }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = max(0, read(file.number, &bytes, bytes.count))
    return String(decoding: bytes[..<count].map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
  }
}
