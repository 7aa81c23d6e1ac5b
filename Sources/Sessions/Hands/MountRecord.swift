import FileSystem
import JSON

/// Which repositories were cloned into a workspace, kept out of the sandbox's reach.
struct MountRecord: Sendable {
  let workspace: Workspace

  private var path: String { "\(workspace.private)/repositories.json" }

  func read() -> [MountedRepository] {
    // Missing or unreadable: the clones are made anew.
    guard let bytes = try? FileBytes.of(path, limit: 1 << 20), let json = try? JSON(parsing: bytes) else {
      return []
    }
    return json.arrayValue?.compactMap(MountedRepository.init(json:)) ?? []
  }

  func write(_ repositories: [MountedRepository]) throws {
    do throws(FileFault) {
      try FileReplacement.write(
        JSON.array(repositories.map(\.json)).text.utf8, to: path, suffix: "partial", mode: 0o644)
    } catch {
      throw HandsError.disk(action: "write", path: path, errno: error.errno)
    }
  }
}
