import Foundation
import Glibc
import Processes
import Testing

@testable import Hands

@Suite struct CgroupTests {
  /// Whether this machine has a hierarchy for the processor that is ours to use.
  private static let isUsable =
    access("/sys/fs/cgroup/cpu/cgroup.procs", W_OK) == 0
    && access("/sys/fs/cgroup/memory/cgroup.procs", W_OK) == 0

  @Test(.enabled(if: isUsable))
  func `every sandbox has its own share of the processor, memory and processes`() async throws {
    let session = "cgroup-test-\(getpid())"
    let group = try #require(Cgroup.make(session, SandboxLimits()))
    var launch = Launch(["/bin/sleep", "1000"])
    launch.confinement.cgroups = group.members
    let child = try await Child.start(launch)
    let lines = try String(contentsOfFile: "/proc/\(child.pid)/cgroup", encoding: .utf8).split(
      separator: "\n")
    await child.end(grace: .zero)
    await group.remove()
    for controller in ["cpu", "memory", "pids"] {
      let line = lines.first {
        $0.split(separator: ":")[1].split(separator: ",").contains { $0 == controller }
      }
      #expect(line?.hasSuffix("/errand-\(session)") == true, "\(controller): \(line ?? "none")")
    }
    #expect(access("/sys/fs/cgroup/cpu/errand-\(session)", F_OK) != 0)
  }
}
