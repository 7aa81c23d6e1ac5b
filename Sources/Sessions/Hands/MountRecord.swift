import Glibc
import JSON
import Processes

/// Which repositories were cloned into a workspace, kept out of the sandbox's reach.
struct MountRecord: Sendable {
  let workspace: Workspace

  private var path: String { "\(workspace.private)/repositories.json" }

  func read() -> [MountedRepository] {
    // Missing or half written: the clones are made anew.
    guard let file = try? Descriptor.open(path, O_RDONLY) else { return [] }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = Glibc.read(file.number, &bytes, bytes.count)
    guard count > 0, let json = try? JSON(parsing: bytes[..<count]) else { return [] }
    return json.arrayValue?.compactMap(MountedRepository.init(json:)) ?? []
  }

  func write(_ repositories: [MountedRepository]) throws {
    let partial = path + ".partial"
    try Workspace.write(JSON.array(repositories.map(\.json)).text, to: partial)
    guard rename(partial, path) == 0 else { throw HandsError.disk(action: "write", path: path, errno: errno) }
  }
}
