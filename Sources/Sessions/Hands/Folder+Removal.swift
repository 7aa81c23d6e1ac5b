import Glibc
import Primitives
import Processes

extension Folder {
  /// Removes a folder with everything in it, never following a symbolic link. Does nothing when there is none.
  static func remove(_ path: String) throws {
    guard access(path, F_OK) == 0 else { return }
    let top = try Folder(path)
    // What lies too deep is lifted to the top, where the next pass takes it.
    var lifted = 0
    var before = -1
    repeat {
      before = lifted
      top.empty(depth: 0, top: top, lifted: &lifted)
    } while lifted > before
    guard rmdir(path) == 0 || errno == ENOENT else {
      throw HandsError.disk(action: "remove", path: path, errno: errno)
    }
  }

  /// Removes one entry of a folder, whatever it is.
  static func remove(entry name: [CChar], of folder: Folder) throws {
    if unlinkat(folder.descriptor.number, name, 0) == 0 || errno == ENOENT { return }
    if let inner = folder.folder(name) {
      var lifted = 0
      inner.empty(depth: 0, top: inner, lifted: &lifted)
      if unlinkat(folder.descriptor.number, name, AT_REMOVEDIR) == 0 { return }
    }
    let text = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    throw HandsError.disk(action: "remove", path: text, errno: errno)
  }

  /// What cannot be removed stays, and makes the final `rmdir` fail, which says so.
  private func empty(depth: Int, top: Folder, lifted: inout Int) {
    for entry in entries() {
      guard entry.kind == .folder else {
        unlinkat(descriptor.number, entry.raw, 0)
        continue
      }
      if depth >= Self.deepest {
        lifted += 1
        let name = ".lifted-\(lifted)-\(Hex.encode(Randomness.system.bytes(4)))"
        renameat(descriptor.number, entry.raw, top.descriptor.number, name)
        continue
      }
      if folder(entry.raw) == nil {
        // A folder that its owner closed to himself. Nobody runs here any more, so it is still no link.
        fchmodat(descriptor.number, entry.raw, 0o700, 0)
      }
      folder(entry.raw)?.empty(depth: depth + 1, top: top, lifted: &lifted)
      unlinkat(descriptor.number, entry.raw, AT_REMOVEDIR)
    }
  }
}
