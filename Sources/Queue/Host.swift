import Glibc

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
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = Glibc.read(file, &bytes, bytes.count)
    guard count > 0 else { return nil }
    return String(decoding: bytes.prefix(count).prefix { $0 != 0x0A }, as: UTF8.self)
  }
}
