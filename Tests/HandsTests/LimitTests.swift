import Glibc
import Hands
import JSON
import Processes
import Sessions
import Testing

@Suite struct LimitTests {
  @Test func `a fork bomb is stopped and the session goes on`() async throws {
    var limits = SandboxLimits()
    limits.processes = 40
    try await Bench.with(limits: limits) { bench async throws in
      let result = try await bench.bash("b() { b | b & b; }; b 2>/dev/null", timeout: 400)
      #expect(result.isError)
      #expect(bench.processes.count < 60)
      #expect(try await bench.bash("echo next").text == "next\n")
    }
  }

  @Test func `processes that left the shell and hold all places are ended to go on`() async throws {
    var limits = SandboxLimits()
    limits.processes = 20
    try await Bench.with(limits: limits) { bench async throws in
      try await bench.bash("for i in {1..40}; do setsid sleep 1000 & done 2>/dev/null; exit 0", timeout: 3000)
      #expect(try await bench.hands.check("echo checked", limit: .seconds(20)).tail == "checked\n")
      #expect(try await bench.bash("echo next").text == "next\n")
    }
  }

  @Test func `memory is limited`() async throws {
    var limits = SandboxLimits()
    limits.memory = 64 << 20
    try await Bench.with(limits: limits) { bench async throws in
      let result = try await bench.bash("head -c 300000000 /dev/zero | tail -c 290000000 | wc -c")
      #expect(!result.text.contains("290000000"))
      #expect(try await bench.bash("echo next").text.hasSuffix("next\n"))
    }
  }

  @Test func `where memory is limited for each process only, the operator is told`() async throws {
    try await Bench.with { bench async throws in
      let isOfEach = try await bench.bash("ulimit -d").text != "unlimited\n"
      let warning = await bench.provider.memoryWarning()
      #expect((warning != nil) == isOfEach)
    }
    #expect(await SandboxProvider(root: "/tmp/errand-never", kind: .none).memoryWarning() == nil)
  }

  @Test func `a file can be no larger than its limit`() async throws {
    var limits = SandboxLimits()
    limits.fileSize = 1 << 20
    try await Bench.with(limits: limits) { bench async throws in
      #expect(try await bench.bash("head -c 5000000 /dev/zero > big").isError)
      #expect(try await bench.bash("stat -c %s big").text == "1048576\n")
      let write = try await bench.call(
        "write", ["file_path": "big2", "content": .string(String(repeating: "x", count: 2 << 20))])
      #expect(write.isError)
    }
  }

  @Test func `a command that fills the workspace is ended, and files can still be removed`() async throws {
    var limits = SandboxLimits()
    limits.workspace = 4 << 20
    try await Bench.with(limits: limits) { bench async throws in
      let result = try await bench.bash(
        "for i in 1 2 3 4 5 6 7 8; do head -c 1000000 /dev/urandom > f$i; done; sleep 1000", timeout: 60_000)
      #expect(result.isError)
      #expect(result.text.contains("went over its limit of 4194304 bytes"))
      #expect(
        try await bench.call("write", ["file_path": "more", "content": "x"]).text
          == "The workspace is over its limit of 4194304 bytes. Remove files with bash before you write more."
      )
      let removal = try await bench.bash("rm f*")
      #expect(removal.text == "(no output)", "\(removal)")
      #expect(try await !bench.call("write", ["file_path": "more", "content": "x"]).isError)
    }
  }

  @Test func `space cannot be hidden in folders that are closed or deep`() async throws {
    var limits = SandboxLimits()
    limits.workspace = 4 << 20
    try await Bench.with(limits: limits) { bench async throws in
      let folders = "for i in {1..150}; do mkdir d && cd d; done; cd /workspace; mkdir z; chmod 000 z"
      #expect(try await bench.bash(folders).text == "(no output)")
      let result = try await bench.bash(
        "cd $(printf 'd/%.0s' {1..150}); head -c 8000000 /dev/zero > big; sleep 1000", timeout: 60_000)
      #expect(result.text.contains("went over its limit of 4194304 bytes"))
    }
  }

  @Test(arguments: Bench.kinds)
  func `deleted files count while they are open`(kind: SandboxKind) async throws {
    var limits = SandboxLimits()
    limits.workspace = 4 << 20
    try await Bench.with(kind, limits: limits) { bench async throws in
      let result = try await bench.bash(
        "exec 3> a; rm a; head -c 8000000 /dev/zero >&3; sleep 1000", timeout: 60_000)
      #expect(result.text.contains("went over its limit of 4194304 bytes"))
      #expect(try await bench.bash("ls").text == "(no output)")
    }
  }

  @Test(.timeLimit(.minutes(2)), arguments: Bench.kinds)
  func `what fills the workspace between commands is ended, and the agent is told once`(kind: SandboxKind)
    async throws
  {
    var limits = SandboxLimits()
    limits.workspace = 4 << 20
    try await Bench.with(kind, limits: limits) { bench async throws in
      // It waits for its chance until no command runs any more.
      try await bench.bash(
        "(until [ -e go ]; do sleep 0.1; done; head -c 8000000 /dev/zero > big; exec sleep 1000) > /dev/null 2>&1 &"
      )
      #expect(try await bench.call("write", ["file_path": "go", "content": ""]).isError == false)
      for process in bench.processes { try await process.gone() }
      let next = try await bench.bash("echo not run")
      #expect(next.isError)
      #expect(
        next.text
          == "The workspace went over its limit of 4194304 bytes, or has folders that cannot be looked into, so "
          + "every process in the sandbox was ended, and this call was not carried out. Remove files with bash "
          + "before you go on.")
      let removal = try await bench.bash("rm big && echo gone")
      #expect(removal.text == "gone\n", "\(removal)")
    }
  }

  @Test func `what goes on filling a disk that is almost full is ended`() async throws {
    var limits = SandboxLimits()
    limits.workspace = 64 << 20
    limits.leastFree = .max
    try await Bench.with(limits: limits) { bench async throws in
      #expect(try await bench.bash("head -c 500000 /dev/zero > little").text == "(no output)")
      let result = try await bench.bash("head -c 20000000 /dev/zero > big; sleep 1000", timeout: 60_000)
      #expect(result.isError)
      #expect(
        result.text
          == "The server's disk is almost full, and this sandbox went on filling it, so the command was killed with "
          + "its shell. Remove files with bash before you go on.")
      #expect(try await bench.bash("rm big && echo gone").text == "gone\n")
    }
  }

  @Test(arguments: Bench.kinds)
  func `top folders that the agent closed are opened again`(kind: SandboxKind) async throws {
    try await Bench.with(kind) { bench async throws in
      try await bench.bash(
        "echo 1 > $ERRAND_OUTPUTS/result; echo 2 > file; chmod 000 $ERRAND_WORKSPACE $ERRAND_OUTPUTS")
      #expect(try await bench.hands.check("cat file", limit: .seconds(20)).tail == "2\n")
      try await bench.bash("chmod 000 $ERRAND_OUTPUTS $ERRAND_WORKSPACE")
      let files = try await bench.hands.collect()
      #expect(files.map(\.path) == ["result"])
      for file in files { unlink(file.copy) }
    }
  }

  @Test func `tmp is limited`() async throws {
    var limits = SandboxLimits()
    limits.temporary = 1 << 20
    try await Bench.with(limits: limits) { bench async throws in
      for folder in ["/tmp", "/dev/shm"] {
        #expect(try await bench.bash("head -c 3000000 /dev/zero > \(folder)/big").isError)
      }
    }
  }

  @Test func `empty files count too`() async throws {
    var limits = SandboxLimits()
    limits.workspace = 1 << 20
    try await Bench.with(limits: limits) { bench async throws in
      let result = try await bench.bash("seq -f f%.0f 300 | xargs touch; sleep 1000", timeout: 60_000)
      #expect(result.isError)
      #expect(result.text.contains("went over its limit of 1048576 bytes"))
    }
  }
}
