import Glibc
import Primitives
import Processes
import Testing

@Suite struct CommandTests {
  @Test func `a program's streams and exit code come back`() async throws {
    let output = try await Command(["bash", "-c", "echo out; echo err >&2; exit 3"]).run()
    #expect(output.exit == .code(3))
    #expect(output.text == "out\n")
    #expect(output.errorText == "err\n")
    #expect(!output.timedOut)
  }

  @Test func `merged streams keep their order`() async throws {
    var command = Command(["bash", "-c", "echo 1; echo 2 >&2; echo 3"])
    command.mergesOutput = true
    #expect(try await command.run().text == "1\n2\n3\n")
  }

  @Test func `only the given environment arrives`() async throws {
    let output = try await Command(["/usr/bin/env"], environment: ["A": "1", "B": "two words"]).run()
    #expect(output.text == "A=1\nB=two words\n")
  }

  @Test func `input is fed, even more than a pipe holds, and then ends`() async throws {
    let bytes = [UInt8](repeating: 0x61, count: 3_000_000)
    let output = try await Command(["wc", "-c"], input: .bytes(bytes)).run()
    #expect(output.text == "3000000\n")
  }

  @Test func `a program that does not read its input is fine`() async throws {
    let bytes = [UInt8](repeating: 0x61, count: 3_000_000)
    #expect(try await Command(["true"], input: .bytes(bytes)).run().exit == .code(0))
  }

  @Test func `output beyond the limit is taken and counted`() async throws {
    var command = Command(
      ["bash", "-c", "head -c 50000000 /dev/zero | tr '\\0' x; printf end"], outputLimit: 1000)
    command.tailLimit = 3
    let output = try await command.run()
    #expect(output.stdout.bytes.count == 1003)
    #expect(output.text.hasSuffix("xend"))
    #expect(output.stdout.dropped == 50_000_003 - 1003)
  }

  @Test func `a program that never ends is ended by its limit`() async throws {
    let output = try await Command(["sleep", "1000"], limit: .milliseconds(50)).run()
    #expect(output.timedOut)
    #expect(output.exit == .signal(SIGTERM))
  }

  @Test func `a program that ignores the request to end is killed, with its children`() async throws {
    var command = Command(["bash", "-c", "trap '' TERM; sleep 1000 & echo $!; while :; do sleep 0.01; done"])
    command.limit = .milliseconds(200)
    command.grace = .milliseconds(50)
    let output = try await command.run()
    #expect(output.timedOut)
    #expect(output.exit == .signal(SIGKILL))
    let child = try #require(pid_t(output.text.dropLast()))
    try await ProcessIdentity(of: child)?.gone()
  }

  @Test func `what stays in the group after the end is killed`() async throws {
    let output = try await Command(["bash", "-c", "sleep 1000 & echo $!"]).run()
    let child = try #require(pid_t(output.text.dropLast()))
    try await ProcessIdentity(of: child)?.gone()
  }

  @Test func `a process that left the group cannot hold up the result`() async throws {
    let output = try await Command([
      "bash", "-c", "setsid sleep 1000 & echo $!; while [ ! -e /proc/$!/exe ]; do :; done; sleep 0.05",
    ]).run()
    let text = output.text.dropLast()
    let child = try #require(pid_t(text))
    ProcessIdentity(of: child)?.kill()
  }

  @Test func `a cancelled command is ended`() async throws {
    let marker = "ERRAND_TEST=\(getpid())-cancel"
    let task = Task {
      try await Command(["sleep", "1000"], environment: ["ERRAND_TEST": "\(getpid())-cancel"]).run()
    }
    while ProcessIdentity.all(withEnvironment: marker).isEmpty { await Task.yield() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(ProcessIdentity.all(withEnvironment: marker).isEmpty)
  }

  @Test func `descriptors of ours do not reach the program`() async throws {
    let leak = open("/dev/null", O_RDONLY)
    defer { close(leak) }
    let output = try await Command(["ls", "/proc/self/fd"]).run()
    // 3 is the folder that ls reads.
    #expect(output.text == "0\n1\n2\n3\n")
  }

  @Test func `signals that we block are not blocked in the program`() async throws {
    let output = try await Command(["grep", "SigBlk", "/proc/self/status"]).run()
    #expect(output.text == "SigBlk:\t0000000000000000\n")
  }

  @Test func `many programs at once all come back`() async throws {
    try await withThrowingTaskGroup(of: String.self) { group in
      for number in 0..<40 { group.addTask { try await Command(["echo", "\(number)"]).run().text } }
      var seen: Set<String> = []
      for try await text in group { seen.insert(text) }
      #expect(seen.count == 40)
    }
  }

  @Test func `limits hold`() async throws {
    var command = Command(["bash", "-c", "ulimit -n; ulimit -f"])
    command.confinement.limits = [.init(.openFiles, 64), .init(.fileSize, 1 << 20)]
    #expect(try await command.run().text == "64\n1024\n")
  }

  static let failures: [(Command, String)] = [
    (
      Command(["no-such-program"], environment: ["PATH": "/usr/bin"]),
      "The program “no-such-program” was not found in PATH (/usr/bin). Install it, or correct PATH."
    ),
    (Command(["/no/such"]), "There is no program at /no/such."),
    (
      Command(["/etc/passwd"]),
      "/etc/passwd cannot be run: Permission denied (13). Check its permissions and what kind of file it is."
    ),
    (
      Command(["true"], directory: "/no/such"),
      "The folder /no/such cannot be worked in: No such file or directory (2)."
    ),
    (Command(["echo", "a\0b"]), "The argument “a\0b” contains a zero byte, which no program can be given."),
  ]

  @Test(arguments: failures)
  func `a program that cannot start says why`(command: Command, sentence: String) async throws {
    let error = await #expect(throws: ProcessError.self) { try await command.run() }
    #expect(error?.description == sentence)
  }
}
