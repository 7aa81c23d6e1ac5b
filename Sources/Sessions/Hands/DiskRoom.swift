import Glibc

/// What a file system has left for us.
struct DiskRoom: Sendable, Equatable {
  var bytes: Int64
  /// Files that can still be made; zero where nobody counts them.
  var entries: Int64 = 0

  /// Nil when it cannot be told.
  static func of(_ path: String) -> DiskRoom? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return DiskRoom(
      bytes: Int64(clamping: status.f_bavail.multipliedReportingOverflow(by: status.f_frsize).partialValue),
      entries: Int64(clamping: status.f_favail))
  }

  /// The most that anybody can have added since, as a look at a workspace would count it.
  func used(since earlier: DiskRoom) -> Int64 {
    max(0, earlier.bytes - bytes) + max(0, earlier.entries - entries) * Folder.entryCost
  }
}
