package import Glibc
import Primitives

/// Files with secrets in them that other users of the machine may read or write.
package enum OpenSecret {
  /// A sentence with what to do; nil when the file is its user's alone, or there is none.
  package static func warning(about path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & 0o077 != 0 else { return nil }
    let what = status.st_mode & 0o022 != 0 ? "read and change" : "read"
    return
      "Other users of this machine may \(what) \(path), which holds a secret (mode \(mode(status))). Run: "
      + "chmod 600 \(path)"
  }

  /// As `chmod` takes it.
  package static func mode(_ status: stat) -> String {
    let digits = String(status.st_mode & 0o777, radix: 8)
    return String(repeating: "0", count: 3 - digits.count) + digits
  }
}

/// Tells of every file that is open to others the first time that it is looked at.
final class OpenSecrets: Sendable {
  private let told = Lock<Set<String>>([])
  private let warn: @Sendable (String) -> Void

  init(_ warn: @escaping @Sendable (String) -> Void) {
    self.warn = warn
  }

  func look(at path: String) {
    guard let warning = OpenSecret.warning(about: path), told.withLock({ $0.insert(path).inserted }) else {
      return
    }
    warn(warning)
  }
}
