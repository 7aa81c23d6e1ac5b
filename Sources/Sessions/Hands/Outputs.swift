import Catalog
import Glibc
import Primitives
import Processes
import Sessions

/// Takes deliverables out of a sandbox: regular files only, never through a symbolic link, each as a copy
/// that nothing in the sandbox can reach any more.
enum Outputs {
  /// Names the files that were left out, and why, among the outputs themselves.
  static let note = "errand-left-out.txt"

  /// What is taken among some files: their paths, and the folders on the top.
  static func names(of files: [OutputFile]) -> Set<String> {
    Set(files.map(\.path)).union(files.compactMap { $0.path.split(separator: "/").first.map(String.init) })
  }

  /// Sorted by path. Whoever calls removes the copies.
  static func collect(from workspace: Workspace, limits: SandboxLimits) throws -> [OutputFile] {
    // No folder: nothing was ever provisioned, so nothing was made.
    guard access(workspace.outputs, F_OK) == 0 else { return [] }
    try workspace.openUp()
    try Workspace.makeFolder(workspace.collected, mode: 0o700)
    var collection = Collection(workspace: workspace, limits: limits)
    do {
      try collection.take(Folder(workspace.outputs), prefix: "", depth: 0)
      try collection.addNote()
    } catch {
      for file in collection.files { unlink(file.copy) }
      throw error
    }
    return collection.files.sorted { $0.path < $1.path }
  }

  private struct Collection {
    let workspace: Workspace
    let limits: SandboxLimits
    var files: [OutputFile] = []
    /// Bytes of all files.
    var total: Int64 = 0
    /// Bounded: the first hundred reasons say enough.
    var leftOut: [String] = []

    mutating func take(_ folder: Folder, prefix: String, depth: Int) throws {
      for entry in folder.entries().sorted(by: { $0.raw.lexicographicallyPrecedes($1.raw) }) {
        guard let name = entry.name else {
          leave("\(prefix)…", "its name is not UTF-8")
          continue
        }
        let path = prefix + name
        switch entry.kind {
        case .folder:
          guard depth + 1 < Folder.deepest, let inner = folder.folder(entry.raw) else {
            leave(path, "it lies too deep or cannot be looked into")
            continue
          }
          try take(inner, prefix: path + "/", depth: depth + 1)
        case .file:
          guard files.count < limits.outputFiles else {
            leave(path, "there are more than \(limits.outputFiles) files")
            continue
          }
          try copy(entry, in: folder, path)
        case .other:
          leave(path, "it is a link or a special file")
        }
      }
    }

    private mutating func copy(_ entry: Folder.Entry, in folder: Folder, _ path: String) throws {
      guard let source = folder.file(entry.raw) else {
        leave(path, "it cannot be read")
        return
      }
      var status = stat()
      // Asked first, so that what is too large is not copied.
      guard fstat(source.number, &status) == 0, hasRoom(for: Int64(status.st_size), path) else { return }
      let (name, target) = try newCopy()
      let size: Int64
      do {
        // One byte more than allowed shows that there is more, even if the file grows under our hands.
        size = try source.copy(to: target, atMost: min(limits.outputFileSize, limits.outputsSize - total) + 1)
      } catch {
        unlink(name)
        throw error
      }
      guard hasRoom(for: size, path) else {
        unlink(name)
        return
      }
      total += size
      files.append(OutputFile(path: path, size: size, copy: name))
    }

    /// Leaves the file out when it has not.
    private mutating func hasRoom(for size: Int64, _ path: String) -> Bool {
      if size > limits.outputFileSize {
        leave(path, "it has more than \(limits.outputFileSize) bytes")
        return false
      }
      if size > limits.outputsSize - total {
        leave(path, "all files together would have more than \(limits.outputsSize) bytes")
        return false
      }
      return true
    }

    private mutating func leave(_ path: String, _ reason: String) {
      if leftOut.count < 100 { leftOut.append("\(path): \(reason)\n") }
    }

    mutating func addNote() throws {
      guard !leftOut.isEmpty else { return }
      let text = "Left out of the results:\n" + leftOut.joined()
      let (name, _) = try newCopy()
      try Workspace.write(text, to: name)
      // The agent may have taken the name.
      let path = Files.freeName(Outputs.note, besides: Outputs.names(of: files))
      files.append(OutputFile(path: path, size: Int64(text.utf8.count), copy: name))
    }

    private func newCopy() throws -> (String, Descriptor) {
      let name = "\(workspace.collected)/\(workspace.session)-\(Hex.encode(Randomness.system.bytes(12)))"
      return (name, try Descriptor.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW))
    }
  }
}
