import Glibc
import JSON
import Primitives
import Processes
import Sessions
import Testing

@testable import Hands

@Suite struct EndingTests {
  @Test(arguments: Bench.kinds)
  func `the end takes background processes and the workspace with it`(kind: SandboxKind) async throws {
    try await Bench.with(kind) { bench async throws in
      try await bench.bash("setsid sleep 1000 & nohup sleep 1000 >/dev/null 2>&1 & echo x > file")
      #expect(bench.processes.count >= 3)
      #expect(access("\(bench.workspace)/workspace/file", F_OK) == 0)
      await bench.hands.end()
      #expect(bench.processes.isEmpty)
      #expect(access(bench.workspace, F_OK) != 0)
      let error = await #expect(throws: HandsError.self) { try await bench.bash("true") }
      #expect(error?.description == "The session's hands were ended; nothing can run in them any more.")
    }
  }

  @Test func `nothing is made before the first call`() async throws {
    try await Bench.with { bench async throws in
      #expect(access(bench.root, F_OK) != 0)
      #expect(try await bench.hands.collect().isEmpty)
      await bench.hands.end()
    }
  }

  @Test func `without leave no sandbox is made, and the one that is there stays`() async throws {
    struct Lost: Error {}
    try await Bench.with { bench async throws in
      let isLost = Lock(true)
      var workplace = Workplace(session: bench.session)
      workplace.permit = Permit { if isLost.withLock({ $0 }) { throw Lost() } }
      let hands = try bench.provider.hands(for: workplace)
      await #expect(throws: (any Error).self) { try await hands.execute("bash", ["command": "true"]) }
      #expect(access(bench.workspace, F_OK) != 0)
      #expect(bench.processes.isEmpty)
      // Another has the session by now, and works.
      try await bench.bash("echo kept > file; sleep 1000 &")
      let theirs = Set(bench.processes.map(\.pid))
      await #expect(throws: (any Error).self) { try await hands.execute("bash", ["command": "true"]) }
      #expect(Set(bench.processes.map(\.pid)) == theirs)
      isLost.withLock { $0 = false }
      _ = try await hands.execute("bash", ["command": "test -f file"])
      await hands.end()
    }
  }

  @Test func `a sandbox that died is made anew, with its files`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash("echo kept > file; sleep 1000 &")
      for process in bench.processes { process.kill() }
      for process in bench.processes { try await process.gone() }
      #expect(try await bench.bash("cat file").text == "kept\n")
    }
  }

  @Test func `hands that are dropped let go of their processes, and the next find the files`() async throws {
    try await Bench.with { bench async throws in
      let workplace = Workplace(session: "sesn_dropped")
      do {
        let hands = try bench.provider.hands(for: workplace)
        _ = try await hands.execute("bash", ["command": "echo kept > file; sleep 1000 &"])
      }
      while !ProcessIdentity.all(withEnvironment: "ERRAND_SANDBOX=sesn_dropped").isEmpty {
        await Task.yield()
      }
      let hands = try bench.provider.hands(for: workplace)
      #expect(try await hands.check("cat file", limit: .seconds(20)).tail == "kept\n")
      await hands.end()
    }
  }

  // The process that dies is another one, which Swift Testing starts for the body of the expectation.
  @Test func `when the service is killed its sandboxes die with it`() async throws {
    await #expect(processExitsWith: .signal(SIGKILL)) {
      let provider = SandboxProvider(root: "/tmp/errand-hands-killed")
      let hands = try provider.hands(for: Workplace(session: "sesn_killed"))
      let result = try await hands.execute(
        "bash", ["command": "setsid sleep 1000 & echo kept > file; sleep 0.01"])
      #expect(!result.isError)
      #expect(ProcessIdentity.all(withEnvironment: "ERRAND_SANDBOX=sesn_killed").count >= 3)
      kill(getpid(), SIGKILL)
    }
    // The kernel needs a moment.
    while !ProcessIdentity.all(withEnvironment: "ERRAND_SANDBOX=sesn_killed").isEmpty { await Task.yield() }
    #expect(access("/tmp/errand-hands-killed/sesn_killed/workspace/file", F_OK) == 0)
    let provider = SandboxProvider(root: "/tmp/errand-hands-killed")
    await provider.endLeftovers(session: "sesn_killed", removingWorkspace: true)
    #expect(rmdir("/tmp/errand-hands-killed") == 0)
  }

  @Test(arguments: Bench.kinds)
  func `leftovers are ended, and their files only when asked`(kind: SandboxKind) async throws {
    try await Bench.with(kind) { bench async throws in
      try await bench.bash("setsid sleep 1000 & echo x > file")
      await bench.provider.endLeftovers(session: bench.session, removingWorkspace: false)
      #expect(bench.processes.isEmpty)
      #expect(access("\(bench.workspace)/workspace/file", F_OK) == 0)
      await bench.provider.endLeftovers(session: bench.session, removingWorkspace: true)
      #expect(access(bench.workspace, F_OK) != 0)
    }
  }

  @Test func `a recorded number that another process has now is left alone`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash("true")
      await bench.provider.endLeftovers(session: bench.session, removingWorkspace: false)
      // Our own pid, with the start time of some earlier process.
      let file = try #require(fopen("\(bench.workspace)/private/processes", "w"))
      fputs("\(getpid()) 1\n", file)
      fclose(file)
      await bench.provider.endLeftovers(session: bench.session, removingWorkspace: true)
      #expect(access(bench.workspace, F_OK) != 0)
    }
  }

  @Test func `a workspace of closed and deep folders can be removed`() async throws {
    try await Bench.with(.none) { bench async throws in
      try await bench.bash("for i in {1..300}; do mkdir d && cd d; done; touch x; cd /; true")
      try await bench.bash(
        "cd; mkdir c c/d; touch c/d/x; ln -s / link; mkfifo fifo; touch $'\\xff'; chmod 0 c")
      await bench.hands.end()
      #expect(access(bench.workspace, F_OK) != 0)
    }
  }

  @Test(arguments: Bench.kinds)
  func `checks run in a process of their own and see the same place`(kind: SandboxKind) async throws {
    try await Bench.with(kind) { bench async throws in
      try await bench.bash("cd /tmp; v=1; echo data > $ERRAND_WORKSPACE/file")
      #expect(
        try await bench.hands.check("cat file; echo \"${v:-unset}\"", limit: .seconds(20))
          == .init(exitCode: 0, tail: "data\nunset\n"))
      #expect(
        try await bench.hands.check("echo bad >&2; exit 7", limit: .seconds(20))
          == .init(exitCode: 7, tail: "bad\n"))
      let slow = try await bench.hands.check("echo begun; sleep 1000", limit: .milliseconds(200))
      #expect(slow == .init(exitCode: 124, tail: "begun\n"))
      let long = try await bench.hands.check("seq 1 100000", limit: .seconds(20))
      #expect(long.tail.unicodeScalars.count == 4000)
      #expect(long.tail.hasSuffix("99999\n100000\n"))
      #expect(try await bench.bash("echo $v").text == "1\n")
    }
  }

  @Test func `a server the agent started answers its checks`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash(
        "python3 -c \"import socket; s = socket.create_server(('127.0.0.1', 8080)); open('up', 'w'); c, _ = s.accept(); c.send(b'hello')\" & while [ ! -e up ]; do sleep 0.01; done"
      )
      let check = try await bench.hands.check("exec 3<>/dev/tcp/127.0.0.1/8080; cat <&3", limit: .seconds(20))
      #expect(check == .init(exitCode: 0, tail: "hello"))
    }
  }

  @Test(arguments: ["startup-check-", "packages-"])
  func `what a killed process left of no session is ended, and what another one uses is not`(prefix: String)
    async throws
  {
    let name = Hex.encode(Randomness.system.bytes(6))
    let root = "/tmp/errand-hands-\(name)"
    let provider = SandboxProvider(root: root)
    let abandoned = try Workspace(root: root, session: "\(prefix)\(name)-1", owner: nil)
    let held = try Workspace(root: root, session: "\(prefix)\(name)-2", owner: nil)
    var children: [Child] = []
    for workspace in [abandoned, held] {
      try workspace.make(mounts: [])
      var launch = Launch(["/bin/sleep", "1000"])
      launch.environment = ["ERRAND_SANDBOX": workspace.session]
      launch.confinement.cgroups = Cgroup.make(workspace.session, SandboxLimits())?.members ?? []
      children.append(try await Child.start(launch))
    }
    let hold = try WorkspaceHold(held)
    try await provider.endAbandoned()
    #expect(try await children[0].wait() == .signal(SIGKILL))
    #expect(access(abandoned.path, F_OK) != 0)
    #expect(children[1].exited == nil && access(held.path, F_OK) == 0)
    #expect(try await Self.groups(of: abandoned.session) == "")

    hold.release()
    try await provider.endAbandoned()
    #expect(try await children[1].wait() == .signal(SIGKILL))
    #expect(rmdir(root) == 0)
  }

  @Test func `a workspace in use is made anew when it was taken for abandoned`() throws {
    let name = Hex.encode(Randomness.system.bytes(6))
    let workspace = try Workspace(root: "/tmp/errand-hands-\(name)", session: "packages-1", owner: nil)
    let first = try WorkspaceHold(workspace)
    #expect(WorkspaceHold(abandoned: workspace) == nil)
    first.release()
    let sweeping = try #require(WorkspaceHold(abandoned: workspace))
    try workspace.remove()
    sweeping.release()
    let second = try WorkspaceHold(workspace)
    #expect(WorkspaceHold(abandoned: workspace) == nil)
    second.release()
    try workspace.remove()
    rmdir(workspace.root)
  }

  /// Control groups of a session that are there.
  private static func groups(of session: String) async throws -> String {
    try await Command(["find", "/sys/fs/cgroup", "-name", "errand-\(session)"]).run().text
  }
}
