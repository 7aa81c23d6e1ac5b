import Glibc
import Processes
import Testing

@Suite struct ProcessIdentityTests {
  @Test func `a process is itself and no other with its number`() throws {
    let own = try #require(ProcessIdentity(of: getpid()))
    #expect(own.isAlive)
    #expect(own.handle() != nil)
    let earlier = ProcessIdentity(pid: getpid(), started: own.started - 1)
    #expect(!earlier.isAlive)
    #expect(!earlier.kill())
    #expect(ProcessIdentity(of: 0) == nil)
  }

  @Test func `a program's name may look like the rest of the line`() async throws {
    let launch = Launch([
      "/bin/bash", "-c", "exec -a x bash -c 'printf \") R 1 2\" > /proc/self/comm; exec sleep 1000'",
    ])
    let child = try await Child.start(launch)
    #expect(ProcessIdentity(of: child.pid)?.isAlive == true)
    await child.end(grace: .zero)
    #expect(child.exited == .signal(SIGKILL))
  }

  @Test func `processes are found by the exact entry of their environment`() async throws {
    let name = "ERRAND_TEST_\(getpid())"
    var launch = Launch(["/bin/sleep", "1000"])
    launch.environment = [name: "found"]
    let child = try await Child.start(launch)
    #expect(ProcessIdentity.all(withEnvironment: "\(name)=found").map(\.pid) == [child.pid])
    #expect(ProcessIdentity.all(withEnvironment: "\(name)=foun").isEmpty)
    await child.end(grace: .seconds(5))
    #expect(child.exited == .signal(SIGTERM))
    #expect(ProcessIdentity.all(withEnvironment: "\(name)=found").isEmpty)
  }

  @Test func `the end of a process is not waited for without end`() async throws {
    let child = try await Child.start(Launch(["/bin/sleep", "1000"]))
    let process = try #require(ProcessIdentity(of: child.pid))
    #expect(try await !process.gone(within: .milliseconds(20)))
    process.kill()
    #expect(try await process.gone(within: .seconds(20)))
    await child.end(grace: .zero)
  }
}
