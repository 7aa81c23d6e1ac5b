import Glibc
import Hands
import JSON
import Primitives
import Processes
import Testing

@Suite struct ShellTests {
  @Test(arguments: Bench.kinds)
  func `state stays from command to command`(kind: SandboxKind) async throws {
    try await Bench.with(kind) { bench async throws in
      #expect(try await bench.bash("mkdir sub && cd sub; x=1; f() { echo \"f $x\"; }").text == "(no output)")
      #expect(try await bench.bash("f; basename $PWD").text == "f 1\nsub\n")
    }
  }

  static let oddities: [(String, String, Bool)] = [
    ("printf abc", "abc", false),
    ("echo out; echo err >&2; echo more", "out\nerr\nmore\n", false),
    ("false", "[exit code 1]", true),
    ("echo oops; (exit 3)", "oops\n[exit code 3]", true),
    ("cat", "(no output)", false),
    ("read x; echo \"got $x $?\"", "got  1\n", false),
    ("break", "(no output)", false),
    ("continue", "(no output)", false),
    ("# only a comment", "(no output)", false),
    ("", "(no output)", false),
    ("-n", "bash: line 3: -n: command not found\n[exit code 127]", true),
    ("echo a \\\n  b", "a b\n", false),
    ("cat <<'X'\nit's \"here\"\nX", "it's \"here\"\n", false),
    ("ls /proc/self/fd | wc -l", "4\n", false),
    ("printf '\\xff\\xfea\\0b'", "\u{FFFD}\u{FFFD}a\u{FFFD}b", false),
    ("echo 'für “alle” 😀'", "für “alle” 😀\n", false),
    (
      "builtin() { echo no; }; printf() { echo no; }; read() { echo no; }; unset -f builtin", "(no output)",
      false
    ),
    ("set -u; echo ok", "ok\n", false),
  ]

  @Test(arguments: oddities)
  func `odd commands are answered, and the shell lives on`(command: String, text: String, isError: Bool)
    async throws
  {
    try await Bench.with { bench async throws in
      let result = try await bench.bash(command)
      #expect(result.text == text)
      #expect(result.isError == isError)
      #expect(try await bench.bash("echo next").text == "next\n")
    }
  }

  @Test func `unbalanced quotes are an error of that command only`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash("kept=yes")
      let result = try await bench.bash("echo 'never closed")
      #expect(result.isError)
      #expect(result.text.contains("unexpected EOF while looking for matching"))
      #expect(try await bench.bash("echo $kept").text == "yes\n")
    }
  }

  @Test func `after exit the next command has a new shell`() async throws {
    try await Bench.with { bench async throws in
      let result = try await bench.bash("gone=1; echo bye; exit 4")
      #expect(result.isError)
      #expect(result.text == "bye\n[The shell ended with exit code 4. The next command starts a new one.]")
      #expect(try await bench.bash("echo \"${gone:-new}\"").text == "new\n")
      #expect(try await !bench.bash("exit 0").isError)
    }
  }

  @Test func `restart gives a new shell, with or without a command`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash("cd /tmp; v=1")
      #expect(
        try await bench.call("bash", ["restart": true]).text == "The shell was restarted in /workspace.")
      #expect(try await bench.bash("pwd; echo \"${v:-unset}\"").text == "/workspace\nunset\n")
      #expect(try await bench.call("bash", ["restart": true, "command": "echo both"]).text == "both\n")
    }
  }

  @Test(arguments: Bench.kinds)
  func `a command that never ends is killed, with its output so far`(kind: SandboxKind) async throws {
    try await Bench.with(kind) { bench async throws in
      let result = try await bench.bash(
        "echo started; trap '' TERM; while :; do sleep 0.01; done", timeout: 300)
      #expect(result.isError)
      #expect(
        result.text
          == "started\n[The command did not end within 300 ms and was killed with its shell. The next command "
          + "starts a new shell in /workspace.]")
      #expect(try await bench.bash("echo next").text == "next\n")
    }
  }

  @Test func `background output comes with the next command and a background process lives on`() async throws
  {
    try await Bench.with { bench async throws in
      let first = try await bench.bash(
        "(while [ ! -e go ]; do sleep 0.01; done; echo late; touch done) & echo now")
      #expect(first.text == "now\n")
      try await bench.bash("touch go; while [ ! -e done ]; do sleep 0.01; done")
      let jobs = try await bench.bash("sleep 1000 & jobs -r | wc -l")
      #expect(jobs.text.hasSuffix("1\n"))
    }
  }

  @Test func `commands given at the same time run one after the other`() async throws {
    try await Bench.with { bench async throws in
      try await withThrowingTaskGroup(of: String.self) { group in
        for number in 0..<5 {
          group.addTask { try await bench.bash("a=\(number); sleep 0.02; echo $a").text }
        }
        var seen: Set<String> = []
        for try await text in group { seen.insert(text) }
        #expect(seen == ["0\n", "1\n", "2\n", "3\n", "4\n"])
      }
    }
  }

  @Test func `a cancelled command is ended and the hands stay usable`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash("true")
      let before = bench.processes.count
      let task = Task { try await bench.bash("sleep 1000") }
      while bench.processes.count == before { await Task.yield() }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(try await bench.bash("echo next").text == "next\n")
    }
  }

  @Test func `long output is shown at both ends and kept whole in a file`() async throws {
    try await Bench.with { bench async throws in
      let result = try await bench.bash("seq 1 200000")
      #expect(result.text.utf8.count < 25_000)
      #expect(result.text.hasPrefix("1\n2\n3\n"))
      #expect(result.text.hasSuffix("199999\n200000\n"))
      #expect(result.text.contains("1288895 bytes in all"))
      #expect(result.text.contains("The whole is in /workspace/.errand/output-1.txt"))
      #expect(try await bench.bash("seq 1 200000 | cmp - .errand/output-1.txt && echo same").text == "same\n")
      #expect(try await bench.bash("head -c 100001 /dev/zero | tr '\\0' x").text.contains("output-2.txt"))
      #expect(try await bench.bash("head -c 100000 /dev/zero | tr '\\0' x").text.utf8.count == 100_000)
    }
  }

  @Test func `a gigabyte of output fills neither memory nor disk`() async throws {
    try await Bench.with { bench async throws in
      let result = try await bench.bash("head -c 1000000000 /dev/zero | tr '\\0' y; echo; echo the end")
      #expect(!result.isError)
      #expect(result.text.contains("1000000009 bytes in all"))
      #expect(result.text.contains("The first 67108864 bytes are in /workspace/.errand/output-1.txt"))
      #expect(result.text.hasSuffix("y\nthe end\n"))
    }
  }
}
