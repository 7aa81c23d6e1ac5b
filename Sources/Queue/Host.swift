import FileSystem

/// The machine a worker runs on.
struct Host: Sendable, Hashable {
  /// Its name; for people, and to tell a machine that was started again.
  let name: String
  /// The kernel's random id of this boot. Processes with the same one, also in containers, see each other's
  /// file locks.
  let boot: String

  init(name: String, boot: String) {
    self.name = name
    self.boot = boot
  }

  /// This one. Where the kernel tells no boot id, the name stands in for it.
  static let current: Host = {
    let name = read("/proc/sys/kernel/hostname") ?? "localhost"
    return Host(name: name, boot: read("/proc/sys/kernel/random/boot_id") ?? name)
  }()

  private static func read(_ path: String) -> String? {
    guard let bytes = try? FileBytes.of(path, limit: 4096), !bytes.isEmpty else { return nil }
    return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
  }
}
