import Glibc
import Processes

/// The installed bubblewrap.
struct Bubblewrap: Sendable, Equatable {
  var path: String
  /// Since 0.8 it can forbid further user namespaces inside, and with them much of the kernel's surface.
  var forbidsNamespaces: Bool

  /// Asks it for its version. Throws a sentence that says how to install it.
  static func find(_ path: String) async throws -> Bubblewrap {
    guard access(path, X_OK) == 0 else { throw HandsError.noBubblewrap(path: path) }
    guard access("/bin/bash", X_OK) == 0 else { throw HandsError.noShell }
    let output = try await Command([path, "--version"], limit: .seconds(10)).run()
    // `bubblewrap 0.8.0`
    let numbers = output.text.split(whereSeparator: \.isWhitespace).last?.split(separator: ".").compactMap {
      Int($0)
    }
    guard output.exit == .code(0), let numbers, numbers.count >= 2 else {
      throw HandsError.failed(detail: "\(path) does not tell its version; is it bubblewrap?")
    }
    return Bubblewrap(path: path, forbidsNamespaces: (numbers[0], numbers[1]) >= (0, 8))
  }
}
