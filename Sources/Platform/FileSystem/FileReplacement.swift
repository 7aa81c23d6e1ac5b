import Glibc

/// Puts a new file in the place of another, so that whoever looks sees the old one or the new one whole, also after a
/// power cut.
package enum FileReplacement {
  /// Writes beside the file, makes that durable, and renames it. What cannot be finished leaves nothing behind.
  /// - Parameter suffix: of the file that is written until then; another one for each who may do the same at once.
  package static func write(
    _ bytes: some Collection<UInt8>, to path: String, suffix: String, mode: UInt32 = 0o600
  ) throws(FileFault) {
    let partial = "\(path).\(suffix)"
    let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw .last }
    do throws(FileFault) {
      do throws(FileFault) {
        try FileBytes.write(bytes, to: descriptor)
        try FileBytes.sync(descriptor)
      } catch {
        close(descriptor)
        throw error
      }
      close(descriptor)
      guard rename(partial, path) == 0 else { throw .last }
    } catch {
      unlink(partial)
      throw error
    }
    try syncFolder(of: path)
  }

  /// Makes the names in a folder durable.
  package static func sync(folder: String) throws(FileFault) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .last }
    defer { close(descriptor) }
    try FileBytes.sync(descriptor)
  }

  private static func syncFolder(of path: String) throws(FileFault) {
    let folder = path.lastIndex(of: "/").map { path[..<$0] } ?? "."
    try sync(folder: folder.isEmpty ? "/" : String(folder))
  }
}
