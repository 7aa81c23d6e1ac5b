import FileSystem
import Glibc

/// Folders of the measurements' own.
enum Folders {
  /// The files below a folder, by path.
  static func files(in folder: String) -> [String] {
    entries(of: folder).flatMap { $0.isFolder ? files(in: $0.path) : [$0.path] }.sorted()
  }

  /// Removes a folder with everything in it, as far as that is allowed.
  static func remove(_ folder: String) {
    for entry in entries(of: folder) {
      if entry.isFolder { remove(entry.path) } else { unlink(entry.path) }
    }
    rmdir(folder)
  }

  /// What lies in a folder; nothing when it cannot be read.
  private static func entries(of folder: String) -> [(path: String, isFolder: Bool)] {
    ((try? FolderList.names(in: folder)) ?? []).compactMap { name in
      let path = "\(folder)/\(name)"
      var status = stat()
      guard lstat(path, &status) == 0 else { return nil }
      return (path, status.st_mode & S_IFMT == S_IFDIR)
    }
  }
}
