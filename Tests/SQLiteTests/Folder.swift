import Foundation

/// A directory for one test, removed with it.
final class Folder: Sendable {
  let path: String

  init() throws {
    path = "/tmp/sqlite-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}
