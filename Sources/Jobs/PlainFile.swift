import FileSystem
import Glibc

/// Reading small files of the host whole, and where their names lead.
enum PlainFile {
  /// - Parameter limit: the most bytes it may have.
  static func read(_ path: String, limit: Int) throws(FileFault) -> [UInt8] {
    try FileBytes.ofPlain(path, limit: limit)
  }

  /// The names in a directory, sorted; hidden ones left out.
  static func names(in directory: String) throws(FileFault) -> [String] {
    try FolderList.names(in: directory).filter { !$0.hasPrefix(".") }.sorted()
  }

  /// Nil when there is nothing of that name.
  static func isDirectory(_ path: String) -> Bool? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return status.st_mode & S_IFMT == S_IFDIR
  }

  /// The path with every link followed; nil when it leads nowhere.
  static func resolved(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  /// Where a link leads; nil for what is none.
  static func target(of path: String) -> String? {
    var bytes = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &bytes, bytes.count)
    guard count >= 0 else { return nil }
    return String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Why there is nothing to be seen under a name; nil when something is, and when there is no such name.
  static func obstacle(at path: String) -> String? {
    var status = stat()
    guard stat(path, &status) != 0, errno != ENOENT else { return nil }
    return String(cString: strerror(errno))
  }

  /// The path from the root of the file system, links left as they are: what they lead to may change, and the place
  /// is the same.
  static func absolute(_ path: String) -> String {
    var whole = path
    if !path.hasPrefix("/"), let here = getcwd(nil, 0) {
      whole = String(cString: here) + "/" + path
      free(here)
    }
    var parts: [Substring] = []
    for part in whole.split(separator: "/") {
      switch part {
      case ".": break
      case "..": _ = parts.popLast()
      default: parts.append(part)
      }
    }
    return "/" + parts.joined(separator: "/")
  }
}
