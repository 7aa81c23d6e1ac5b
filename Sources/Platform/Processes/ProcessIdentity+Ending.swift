import CLinux
import Glibc

extension ProcessIdentity {
  /// Kills exactly this process, whoever has its number a moment later.
  /// - Returns: false when it was gone already or is not ours to kill.
  @discardableResult
  package func kill() -> Bool {
    let opened = linux_pidfd(pid)
    guard opened >= 0 else { return false }
    let pidfd = Descriptor(owning: opened)
    // The pidfd now means one process for good; that it is the one we mean is checked after.
    guard isAlive else { return false }
    return linux_pidfd_kill(pidfd.number, SIGKILL) == 0
  }

  /// Waits until the process is gone, or has only its exit status left. Looks every few milliseconds: it is
  /// not our child, and nobody waits long for a killed process.
  package func gone() async throws {
    while isAlive, !isZombie { try await Task.sleep(for: .milliseconds(5)) }
  }

  private var isZombie: Bool {
    guard let stat = ProcFile.read("/proc/\(pid)/stat"), let close = stat.lastIndex(of: UInt8(ascii: ")")) else {
      return true
    }
    return stat.dropFirst(close + 2).first == UInt8(ascii: "Z")
  }
}
