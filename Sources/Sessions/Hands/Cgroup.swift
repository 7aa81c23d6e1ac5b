import Glibc
import Processes

/// Control groups of one sandbox, which limit the memory of all its processes together, and give it no more of the
/// processor than another sandbox when both want it. Version 2 where its controllers are ours to use, else version 1,
/// else none.
struct Cgroup: Sendable {
  private let folders: [String]
  /// What a process joins when it starts.
  let members: [Descriptor]

  /// Nil where control groups cannot be used: not root and nothing delegated, or not mounted.
  static func make(_ session: String, _ limits: SandboxLimits) -> Cgroup? {
    version2(session, limits) ?? version1(session, limits)
  }

  /// Removes the groups, once their processes have ended.
  func remove() async {
    for folder in folders {
      // The kernel empties a group a moment after its last process was reaped.
      for _ in 0..<200 where rmdir(folder) != 0 && errno == EBUSY {
        // Only cancellation throws, and an empty group that stays behind costs nothing and is used again.
        try? await Task.sleep(for: .milliseconds(5))
      }
    }
  }

  /// Removes what a dead process of ours left.
  static func removeLeftovers(_ session: String) async {
    let parents = candidates2() + ["memory", "pids", "cpu"].compactMap(own1)
    await Cgroup(folders: parents.map { "\($0)/errand-\(session)" }, members: []).remove()
  }

  private static let mount = "/sys/fs/cgroup"

  private static func version2(_ session: String, _ limits: SandboxLimits) -> Cgroup? {
    for parent in candidates2() {
      // Fails in a group that has processes of its own, unless it is the root.
      guard put("+memory +pids", in: "\(parent)/cgroup.subtree_control") else { continue }
      // Where it is not delegated, all share the processor by their processes.
      put("+cpu", in: "\(parent)/cgroup.subtree_control")
      let folder = "\(parent)/errand-\(session)"
      guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { continue }
      if put("\(limits.memory)", in: "\(folder)/memory.max"),
        put("\(limits.processes + 8)", in: "\(folder)/pids.max"),
        // A parent whose groups take no processes is no use: the next one is tried.
        let members = try? Descriptor.open("\(folder)/cgroup.procs", O_WRONLY)
      {
        // Not every kernel has swap accounting.
        put("0", in: "\(folder)/memory.swap.max")
        return Cgroup(folders: [folder], members: [members])
      }
      rmdir(folder)
    }
    return nil
  }

  private static func version1(_ session: String, _ limits: SandboxLimits) -> Cgroup? {
    var folders: [String] = []
    var members: [Descriptor] = []
    for (controller, file, value) in [
      ("memory", "memory.limit_in_bytes", limits.memory), ("pids", "pids.max", limits.processes + 8),
    ] {
      guard let parent = own1(controller) else { continue }
      let folder = "\(parent)/errand-\(session)"
      guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { continue }
      folders.append(folder)
      if put("\(value)", in: "\(folder)/\(file)"),
        // Without both there is no group, see below.
        let procs = try? Descriptor.open("\(folder)/cgroup.procs", O_WRONLY)
      {
        members.append(procs)
      }
    }
    // Memory is what a group is for; processes are limited without it.
    if members.count == 2 {
      // Every group has the same share of the processor, however many processes it has.
      if let folder = own1("cpu").map({ "\($0)/errand-\(session)" }),
        mkdir(folder, 0o755) == 0 || errno == EEXIST
      {
        folders.append(folder)
        if let procs = try? Descriptor.open("\(folder)/cgroup.procs", O_WRONLY) { members.append(procs) }
      }
      return Cgroup(folders: folders, members: members)
    }
    for folder in folders { rmdir(folder) }
    return nil
  }

  /// Our own group of version 2, and the one above, which a service manager delegates with us in a leaf.
  private static func candidates2() -> [String] {
    guard access("\(mount)/cgroup.controllers", R_OK) == 0, let path = ownPath({ $0 == "" }) else {
      return []
    }
    let own = path == "/" ? mount : mount + path
    let above = own.split(separator: "/").dropLast().joined(separator: "/")
    return own == mount ? [own] : [own, "/" + above]
  }

  private static func own1(_ controller: String) -> String? {
    ownPath { $0.split(separator: ",").contains(Substring(controller)) }
      .map { "\(mount)/\(controller)" + ($0 == "/" ? "" : $0) }
  }

  /// The path in `/proc/self/cgroup` (cgroups(7)): lines of `number:controllers:path`.
  private static func ownPath(_ matches: (Substring) -> Bool) -> String? {
    guard let file = try? Descriptor.open("/proc/self/cgroup", O_RDONLY) else { return nil }
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let size = read(file.number, &bytes, bytes.count)
    for line in String(decoding: bytes.prefix(max(0, size)), as: UTF8.self).split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      if fields.count == 3, matches(fields[1]) { return String(fields[2]) }
    }
    return nil
  }

  @discardableResult
  private static func put(_ text: String, in path: String) -> Bool {
    // Whether it can be written is the question; a refusal is the answer.
    guard let file = try? Descriptor.open(path, O_WRONLY) else { return false }
    return write(file.number, text, text.utf8.count) == text.utf8.count
  }
}
