import Glibc
import Processes

extension Folder {
  /// What an entry counts at least: empty files fill a disk too, by their number.
  static let entryCost: Int64 = 4096

  /// Levels that are kept open on the way down; those above are found again through `..`.
  private static let keptOpen = 64

  private struct Identity: Equatable {
    let device: UInt
    let number: UInt
  }

  /// A folder on the way down.
  private struct Level {
    /// Nil while it is closed because of those below it.
    var folder: Folder?
    let identity: Identity
    /// The folders in it that are still to be looked into.
    var pending: [Entry] = []
  }

  private enum Opening {
    case open(Folder)
    case gone, closed
  }

  /// Bytes that everything below takes on the disk, however deep it lies; nil when some folder cannot be looked
  /// into, or was moved away meanwhile, because anything might be hidden there.
  func allocated() -> Int64? {
    var sum: Int64 = 0
    guard let top = level(adding: &sum) else { return nil }
    var levels = [top]
    while let folder = levels.last?.folder {
      let last = levels.count - 1
      if let entry = levels[last].pending.popLast() {
        switch folder.opening(entry) {
        case .gone: continue
        case .closed: return nil
        case .open(let inner):
          guard let level = inner.level(adding: &sum) else { return nil }
          levels.append(level)
          if last >= Self.keptOpen { levels[last - Self.keptOpen].folder = nil }
        }
      } else {
        levels.removeLast()
        guard let above = levels.last, above.folder == nil else { continue }
        guard let found = folder.folder([0x2E, 0x2E, 0]), found.identity == above.identity else { return nil }
        levels[last - 1].folder = found
      }
    }
    return sum
  }

  private var identity: Identity? {
    var status = stat()
    guard fstat(descriptor.number, &status) == 0 else { return nil }
    return Identity(device: UInt(status.st_dev), number: UInt(status.st_ino))
  }

  /// Nil when not everything in it could be looked at.
  private func level(adding sum: inout Int64) -> Level? {
    guard let identity else { return nil }
    var level = Level(folder: self, identity: identity)
    let isWhole = read { entry in
      sum += max(entry.allocated, Self.entryCost)
      if entry.kind == .folder { level.pending.append(entry) }
    }
    return isWhole ? level : nil
  }

  private func opening(_ entry: Entry) -> Opening {
    openUp(entry)
    do {
      return .open(
        Folder(try Descriptor.open(noFollow: entry.raw, in: descriptor, O_RDONLY | O_DIRECTORY)))
    } catch ProcessError.system(_, ENOENT), ProcessError.system(_, ENOTDIR), ProcessError.system(_, ELOOP) {
      return .gone
    } catch {
      return .closed
    }
  }

  /// Opens a folder that its owner closed to himself, and so to us when we are the same user. Never through a
  /// link, which it may have become meanwhile.
  private func openUp(_ entry: Entry) {
    guard entry.mode & 0o500 != 0o500,
      faccessat(descriptor.number, entry.raw, R_OK | X_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW) != 0
    else { return }
    fchmodat(descriptor.number, entry.raw, entry.mode & 0o7777 | 0o700, AT_SYMLINK_NOFOLLOW)
  }
}
