import CLinux
import Glibc

extension Descriptor {
  /// Opens a file of a folder, never through a symbolic link as last part and never waiting for a FIFO.
  /// - Parameter name: with its final zero.
  /// - Parameter folder: nil is the working directory, or none for an absolute path.
  package static func open(
    noFollow name: [CChar], in folder: Descriptor?, _ flags: Int32, mode: UInt32 = 0o600
  ) throws -> Descriptor {
    let opened = linux_open_at(folder?.number ?? AT_FDCWD, name, flags, mode)
    guard opened >= 0 else {
      let text = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw ProcessError.system(action: "open \(text)", errno: -opened)
    }
    return Descriptor(owning: opened)
  }

  /// Renames what lies in this folder, never replacing anything.
  /// - Returns: 0, or an errno.
  package func renameNew(_ name: String, to final: String) -> Int32 { linux_rename_new(number, name, final) }

  /// A file without a name that vanishes when it is closed.
  package static func unnamed(in folder: String) throws -> Descriptor {
    let opened = linux_unnamed_file(folder)
    guard opened >= 0 else { throw ProcessError.system(action: "make a file in \(folder)", errno: -opened) }
    return Descriptor(owning: opened)
  }

  /// The filter of `Confinement.filtersCalls`, as a file for programs that hand it to the kernel themselves.
  package static func callFilter() throws -> Descriptor {
    let opened = linux_filter_file()
    guard opened >= 0 else { throw ProcessError.system(action: "make a file in memory", errno: -opened) }
    return Descriptor(owning: opened)
  }

  /// Copies from where this file stands to its end, or up to a limit; blocks are shared where the file system
  /// can, and holes stay holes. Blocks the thread.
  /// - Returns: how many bytes, holes included.
  package func copy(to target: Descriptor, atMost limit: Int64 = .max) throws -> Int64 {
    var copied: Int64 = 0
    while copied < limit {
      let hole = min(holeAhead, limit - copied)
      if hole > 0 {
        // The target gets its length at once: there may be nothing behind the hole.
        let end = lseek(target.number, off_t(hole), SEEK_CUR)
        guard end >= 0, ftruncate(target.number, end) == 0, lseek(number, off_t(hole), SEEK_CUR) >= 0 else {
          throw ProcessError.system(action: "copy a file", errno: errno)
        }
        copied += hole
        continue
      }
      let size = linux_copy(number, target.number, Int(min(limit - copied, dataAhead, 1 << 24)))
      guard size >= 0 else { throw ProcessError.system(action: "copy a file", errno: Int32(-size)) }
      if size == 0 { break }
      copied += Int64(size)
    }
    return copied
  }

  /// lseek(2), whose header keeps these two for GNU programs.
  private static let seekData: Int32 = 3
  private static let seekHole: Int32 = 4

  /// Bytes from where this file stands to the next data, or to the end; none where nothing knows of holes.
  package var holeAhead: Int64 {
    let here = lseek(number, 0, SEEK_CUR)
    guard here >= 0 else { return 0 }
    var data = lseek(number, here, Self.seekData)
    if data < 0 {
      // Only a hole is left, if anything is.
      guard errno == ENXIO else { return 0 }
      data = lseek(number, 0, SEEK_END)
    }
    lseek(number, here, SEEK_SET)
    return max(0, Int64(data - here))
  }

  /// Bytes from where this file stands to the next hole.
  private var dataAhead: Int64 {
    let here = lseek(number, 0, SEEK_CUR)
    guard here >= 0 else { return .max }
    let hole = lseek(number, here, Self.seekHole)
    lseek(number, here, SEEK_SET)
    // No hole: it stands at the end, or does not know of holes, and the copying finds that out.
    return hole > here ? Int64(hole - here) : .max
  }
}
