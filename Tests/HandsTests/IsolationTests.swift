import Glibc
import JSON
import Primitives
import Processes
import Sessions
import Testing

@testable import Hands

@Suite struct IsolationTests {
  /// Commands that must fail inside.
  static let forbidden = [
    "cat /etc/shadow", "ls /work", "ls /root/.bashrc", "touch /bin/x", "touch /usr/x", "touch /etc/x",
    "touch /dev/x",
    "touch /proc/x", "touch /mnt/session/uploads/x", "mkdir /opt/packages/x && false",
    "cat /proc/1/root/etc/shadow",
    "mount -t tmpfs none /tmp", "unshare -U true", "chroot / true", "hostname other",
    "kill -9 1 && sleep 1 && false",
    "timeout 2 bash -c 'echo > /dev/tcp/127.0.0.1/22'", "timeout 2 bash -c 'echo > /dev/tcp/1.1.1.1/53'",
    "mknod /tmp/disk b 8 0", "ls /dev/kvm", "ls /dev/vda /dev/sda", "ls /sys", "ls /run/dbus",
    "su -c true", "echo 1 > /proc/sys/kernel/panic",
    "ip link 2>/dev/null | grep -v ' lo:' | grep -q '^[0-9]'",
  ]

  @Test func `what must not be possible is not possible`() async throws {
    try await Bench.with { bench async throws in
      for command in Self.forbidden {
        #expect(try await bench.bash("(\(command))").isError, "\(command)")
      }
      #expect(try await bench.bash("echo alive").text == "alive\n")
    }
  }

  @Test func `inside there is an ordinary user without any capability`() async throws {
    try await Bench.with { bench async throws in
      #expect(
        try await bench.bash("id -u; id -g; id -un; id -G; hostname").text
          == "1000\n1000\nagent\n1000\nsandbox\n")
      let status = try await bench.bash("grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs)' /proc/self/status")
      #expect(
        status.text == ["Inh", "Prm", "Eff", "Bnd", "Amb"].map { "Cap\($0):\t0000000000000000\n" }.joined()
          + "NoNewPrivs:\t1\n")
      // The first process too, or others in there could trace it and make its calls.
      let filters = try await bench.bash("grep -h ^Seccomp: /proc/1/status /proc/self/status")
      #expect(filters.text == "Seccomp:\t2\nSeccomp:\t2\n")
    }
  }

  @Test func `outside it is not root either`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash("sleep 1000 & echo")
      for process in bench.processes {
        var status = stat()
        #expect(stat("/proc/\(process.pid)", &status) != 0 || status.st_uid != 0)
      }
    }
  }

  @Test func `only its own processes are seen`() async throws {
    try await Bench.with { bench async throws in
      let text = try await bench.bash("ls /proc | grep -c '^[0-9]'").text
      // The first process, the shell, ls and grep.
      #expect(try #require(Int(text.dropLast())) <= 4)
    }
  }

  @Test func `the environment is only what was given`() async throws {
    setenv("ERRAND_TEST_SECRET", "secret", 1)
    try await Bench.with(environment: ["MINE": "yes", "ERRAND_SANDBOX": "forged"]) { bench async throws in
      let names = try await bench.bash("env | cut -d= -f1 | sort | tr '\\n' ' '")
      #expect(
        names.text == "ERRAND_OUTPUTS ERRAND_SANDBOX ERRAND_UPLOADS ERRAND_WORKSPACE HOME LANG LOGNAME MINE "
          + "OLDPWD PATH PWD SHELL SHLVL TERM USER _ " || !names.text.contains("SECRET"))
      #expect(try await bench.bash("echo $ERRAND_SANDBOX").text == bench.session + "\n")
      #expect(
        try await bench.bash("cat /proc/*/environ | tr '\\0' '\\n' | grep -c SECRET").text
          == "0\n[exit code 1]")
    }
  }

  // A process that enters the sandbox holds a copy of our memory until it runs its program.
  @Test func `processes that enter show nothing of ours`() async throws {
    setenv("ERRAND_TEST_SECRET", "secret", 1)
    try await Bench.with { bench async throws in
      try await bench.bash(
        """
        while :; do cat /proc/[0-9]*/environ; ls -l /proc/[0-9]*/fd /proc/[0-9]*/exe; done \
          2>/dev/null | grep --line-buffered -a -e SECRET -e xctest > seen &
        """)
      for _ in 0..<100 { _ = try await bench.hands.check("true", limit: .seconds(20)) }
      #expect(try await bench.bash("cat seen").text == "(no output)")
    }
  }

  @Test func `other sessions are invisible`() async throws {
    try await Bench.with { one async throws in
      try await one.bash("echo mine > secret; sleep 1000 &")
      try await Bench.with { other async throws in
        #expect(try await other.bash("ls -A /workspace").text == "(no output)")
        #expect(try await other.bash("ls \(one.root)").isError)
        #expect(try await other.bash("find / -name secret 2>/dev/null || true").text == "(no output)")
        #expect(try await other.bash("grep -l \(one.session) /proc/*/environ").isError)
      }
    }
  }

  @Test func `mounted files are copies that are read-only`() async throws {
    let path = "/tmp/errand-blob-\(Hex.encode(Randomness.system.bytes(6)))"
    let file = try #require(fopen(path, "w"))
    fputs("content", file)
    fclose(file)
    chmod(path, 0o400)
    defer { unlink(path) }
    let mount = Mount(path: "/mnt/session/uploads/data/in.txt", source: path)
    try await Bench.with(mounts: [mount]) { bench async throws in
      #expect(
        try await bench.call("read", ["file_path": "/mnt/session/uploads/data/in.txt"]).text == "content")
      let write = try await bench.call(
        "write", ["file_path": "/mnt/session/uploads/data/in.txt", "content": "changed"])
      #expect(write.isError)
      #expect(try await bench.bash("rm -f /mnt/session/uploads/data/in.txt").isError)
      #expect(try await bench.bash("chmod u+w /mnt/session/uploads/data/in.txt").isError)
    }
  }

  @Test func `a file that is not what was stored is not mounted`() async throws {
    let path = "/tmp/errand-blob-\(Hex.encode(Randomness.system.bytes(6)))"
    try Workspace.write("content", to: path)
    defer { unlink(path) }
    let sha256 = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    var mount = Mount(path: "/mnt/session/uploads/in.txt", source: path, sha256: sha256)
    try await Bench.with(mounts: [mount]) { bench async throws in
      #expect(try await bench.bash("cat /mnt/session/uploads/in.txt").text == "content")
    }
    mount.sha256 = "ee" + sha256.dropFirst(2)
    try await Bench.with(mounts: [mount]) { bench async throws in
      let error = await #expect(throws: HandsError.self) { try await bench.bash("true") }
      #expect(error?.description.contains("it is not what was stored") == true)
    }
  }

  @Test(arguments: [
    "/etc/passwd", "/mnt/session/uploads/../../../etc/x", "/mnt/session/uploads/", "relative",
  ])
  func `a mount elsewhere is refused`(path: String) throws {
    let provider = SandboxProvider(root: "/tmp/errand-never")
    let error = #expect(throws: HandsError.self) {
      try provider.hands(for: Workplace(session: "s", mounts: [Mount(path: path, source: "/dev/null")]))
    }
    #expect(error?.description.contains("is not below /mnt/session/uploads") == true)
  }

  @Test func `a file that cannot be mounted is told without the places of this machine`() async throws {
    let mount = Mount(path: "/mnt/session/uploads/a.txt", source: "/tmp/errand-no-such-content")
    try await Bench.with(mounts: [mount]) { bench in
      let error = await #expect(throws: HandsError.self) { try await bench.bash("true") }
      #expect(error?.description.contains(mount.source) == true)
      #expect(
        error.map { SandboxError($0).description }
          == "The file for /mnt/session/uploads/a.txt cannot be copied there. Whoever runs the server finds the reason "
          + "in its log.")
    }
  }

  @Test(
    arguments: [
      HandsError.noBubblewrap(path: "/srv/bwrap"), HandsError.noNamespaces(detail: "/srv/x"),
      HandsError.missingMount(path: "/mnt/session/uploads/a", source: "/srv/a", detail: "/srv/b"),
      HandsError.failed(detail: "bwrap: /srv/a"),
      HandsError.disk(action: "make", path: "/srv/a", errno: ENOSPC),
      ProcessError.notFound(program: "/srv/bin/bwrap", path: "/srv/bin"),
      ProcessError.notExecutable(program: "/srv/bin/bwrap", errno: EACCES),
      ProcessError.directory("/srv/a", errno: ENOENT),
      ProcessError.system(action: "open /srv/a", errno: ENOENT),
    ] as [any OperatorError])
  func `clients are told nothing of the places of this machine`(error: any OperatorError) {
    #expect("\(error)".contains("/srv/"))
    let sentence = SandboxError(error).description
    #expect(!sentence.contains("/srv/"))
    #expect(sentence.hasSuffix("."))
  }

  @Test(arguments: ["", "../x", "a/b", "a b", ".", "ä", String(repeating: "x", count: 129)])
  func `a session id that is no file name is refused`(id: String) {
    #expect(throws: HandsError.self) {
      try SandboxProvider(root: "/tmp/errand-never").hands(for: Workplace(session: id))
    }
  }

  @Test func `the start-up check makes a sandbox and leaves nothing`() async throws {
    try await Bench.with { bench async throws in
      try await bench.provider.check()
      let left = try await Command(["find", bench.root, "-mindepth", "1"]).run().text
      #expect(left == "")
    }
  }

  @Test func `missing bubblewrap is told with what to do`() async throws {
    let provider = SandboxProvider(root: "/tmp/errand-never", bubblewrap: "/no/bwrap")
    let error = await #expect(throws: HandsError.self) { try await provider.check() }
    #expect(
      error?.description
        == "bubblewrap was not found at /no/bwrap: it keeps what agents run away from this machine. Install it "
        + "with `apt-get install bubblewrap`, or run agents without any isolation with `errand serve --sandbox "
        + "none`.")
    rmdir("/tmp/errand-never")
  }

  @Test func `a bubblewrap that cannot make a sandbox is told with its reason`() async throws {
    let name = "/tmp/errand-fake-\(Hex.encode(Randomness.system.bytes(6)))"
    let file = try #require(fopen(name, "w"))
    fputs(
      "#!/bin/bash\n[ \"$1\" = --version ] && echo bubblewrap 0.8.0 && exit\necho 'bwrap: No permissions' >&2\nexit 1\n",
      file)
    fclose(file)
    chmod(name, 0o755)
    defer { unlink(name) }
    let root = "\(name)-root"
    let provider = SandboxProvider(root: root, bubblewrap: name)
    let error = await #expect(throws: HandsError.self) { try await provider.check() }
    #expect(
      error?.description.hasPrefix("bubblewrap cannot make a sandbox here: bwrap: No permissions.") == true)
    rmdir(root)
  }
}
