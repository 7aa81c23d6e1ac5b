import Catalog
import Glibc
import HTTPClient
import JSON
import Primitives
import Processes
import Sessions
import TestSupport
import Testing

@testable import Hands

/// Ways out of a sandbox that somebody might try. Each must fail, and for the reason that it is meant to.
@Suite struct EscapeTests {
  struct Attempt: Sendable, CustomTestStringConvertible {
    var what: String
    var command: String
    var reason: String
    var testDescription: String { what }

    init(_ what: String, _ command: String, fails reason: String) {
      self.what = what
      self.command = command
      self.reason = reason
    }
  }

  static let perl = "use strict; use Socket; $| = 1; my $fail = sub { print \"$!\\n\"; exit 1 };"

  static let attempts = [
    // Host files.
    Attempt("passwords", "cat /etc/shadow", fails: "No such file"),
    Attempt("through a link", "ln -sf /etc/shadow link; cat link", fails: "No such file"),
    Attempt("through the first process", "cat /proc/1/root/etc/shadow", fails: "No such file"),
    Attempt("above the root", "ls /../../../../work /../root/.ssh", fails: "No such file"),
    Attempt("a device of a disk", "mknod /tmp/disk b 8 0", fails: "Operation not permitted"),
    Attempt("a mount of one's own", "mount -t proc none /tmp", fails: "must be superuser"),
    Attempt("a new user namespace", "unshare -Ur true", fails: "unshare failed"),
    Attempt("programs of the host", "echo >> /usr/bin/env", fails: "Read-only file system|Permission denied"),
    Attempt(
      "settings of the kernel", "echo 1 > /proc/sys/kernel/core_pattern",
      fails: "Read-only file system|Permission denied"),
    Attempt("control groups", "ls /sys/fs/cgroup", fails: "No such file"),
    Attempt(
      "a file handle",
      "perl -e '\(perl) my $b = pack(\"LL\", 8, 1) . \"x\" x 8; syscall(304, 0, $b, 0) < 0 and $fail->()'",
      fails: "Operation not permitted|Bad file|Permission denied|Function not implemented"),
    // Other processes.
    Attempt("the service's memory", "cat /proc/$HOST/mem", fails: "No such file"),
    Attempt("the service's variables", "cat /proc/$HOST/environ", fails: "No such file"),
    Attempt("the service's files", "ls /proc/$HOST/fd", fails: "No such file"),
    Attempt("a signal to the service", "kill -9 $HOST", fails: "No such process"),
    Attempt(
      "tracing the service", "perl -e '\(perl) syscall(101, 16, $ENV{HOST} + 0, 0, 0) < 0 and $fail->()'",
      fails: "No such process"),
    Attempt("other users' processes", "ls -d /proc/[0-9]*/root/etc/shadow", fails: "No such file"),
    // Privileges.
    Attempt(
      "becoming root", "perl -e '\(perl) syscall(105, 0) < 0 and $fail->()'",
      fails: "Operation not permitted|Invalid argument"),
    Attempt(
      "a program that sets its user",
      "cp /bin/bash ./root; chmod 4755 root; ./root -p -c 'test $(id -u) = 0 || { echo still 1000; exit 1; }'",
      fails: "still 1000"),
    Attempt("su", "su -c true", fails: "su: "),
    Attempt("another host name", "hostname other", fails: "must be root|not permitted|you must"),
    Attempt(
      "a module for the kernel", "perl -e '\(perl) my $b = \"\"; syscall(313, 0, $b, 0) < 0 and $fail->()'",
      fails: "Operation not permitted|Function not implemented"),
    Attempt(
      "a program for the kernel",
      "perl -e '\(perl) my $b = \"\\0\" x 72; syscall(321, 0, $b, 72) < 0 and $fail->()'",
      fails: "Operation not permitted|Invalid argument"),
    // The network.
    Attempt(
      "a raw socket", "perl -e '\(perl) socket(my $s, 2, 3, 1) or $fail->()'",
      fails: "Operation not permitted"),
    Attempt(
      "a packet socket", "perl -e '\(perl) socket(my $s, 17, 3, 768) or $fail->()'",
      fails: "Operation not permitted"),
    Attempt(
      "a connection without the proxy", "echo > /dev/tcp/93.184.216.34/80", fails: "Network is unreachable"),
    Attempt(
      "a question to a name server",
      "perl -e '\(perl) socket(my $s, 2, 2, 17); connect($s, sockaddr_in(53, inet_aton(\"8.8.8.8\"))) or $fail->()'",
      fails: "Network is unreachable"),
    Attempt("the service's own port", "echo > /dev/tcp/127.0.0.1/$PORT", fails: "Connection refused"),
    Attempt(
      "a socket without a name",
      "perl -e '\(perl) socket(my $s, 1, 1, 0); connect($s, pack(\"S a*\", 1, \"\\0errand-escape\")) or $fail->()'",
      fails: "Connection refused"),
    // The disk.
    Attempt("filling /tmp", "head -c 3000000 /dev/zero > /tmp/big", fails: "No space left"),
    Attempt("filling /dev/shm", "head -c 3000000 /dev/zero > /dev/shm/big", fails: "No space left"),
    Attempt(
      "filling what lies in memory", "echo > /etc/big || echo > /dev/big || echo > /proc/big",
      fails: "Read-only file system"),
    Attempt(
      "other programs in the place of those that check",
      "mv /bin /b || rm -rf /bin || ln -sfn /tmp /bin || cp /bin/true /bin/bash",
      fails: "busy|Read-only file system"),
  ]

  /// All in one sandbox that has networking, since that is the one with a door.
  @Test func `every way out is closed`() async throws {
    let world = try World()
    // An abstract socket of the host, which lives in its network namespace.
    let abstract = try AbstractSocket("errand-escape")
    var limits = SandboxLimits()
    limits.temporary = 1 << 20
    let variables = ["HOST": "\(getpid())", "PORT": "\(world.port)"]
    try await Bench.with(limits: limits, environment: variables, networking: .unrestricted) {
      bench async throws in
      for attempt in Self.attempts {
        let result = try await bench.bash("(\(attempt.command)) 2>&1")
        #expect(result.isError, "\(attempt.what): \(result.text)")
        let reasons = attempt.reason.split(separator: "|")
        #expect(reasons.contains { result.text.contains($0) }, "\(attempt.what): \(result.text)")
      }
      #expect(try await bench.bash("echo alive").text == "alive\n")
    }
    withExtendedLifetime(abstract) {}
    #expect(world.requests == 0)
  }

  #if arch(x86_64)
    /// System calls by their numbers, with arguments that the kernel itself answers otherwise, and what they are
    /// answered in a sandbox.
    static let calls: [(name: String, call: String, answer: String)] = [
      // Keys.
      ("add_key", "248 0 0 0 0 0", "EPERM"), ("request_key", "249 0 0 0 0", "EPERM"),
      ("keyctl", "250 0 -3 0", "EPERM"),
      // Sockets: AF_VSOCK, AF_ALG, AF_TIPC.
      ("a socket to the machine below", "41 40 1 0", "EPERM"), ("a socket of ciphers", "41 38 5 0", "EPERM"),
      ("a pair of another family", "53 30 1 0 0", "EPERM"),
      ("a unix socket", "41 1 1 0", "ok"), ("a socket", "41 2 1 0", "ok"),
      ("a socket of IPv6", "41 10 1 0", "ok"),
      ("a netlink socket", "41 16 3 0", "ok"),
      // Calls that pass by filters.
      ("io_uring_setup", "425 1 0", "ENOSYS"), ("io_uring_enter", "426 -1 0 0 0 0 0", "ENOSYS"),
      ("io_uring_register", "427 -1 0 0 0", "ENOSYS"), ("clone3", "435 0 0", "ENOSYS"),
      ("x32", "1073741863", "EPERM"),
      // Namespaces.
      ("clone with users", "56 268435473 0 0 0 0", "EPERM"), ("unshare of users", "272 268435456", "EPERM"),
      ("unshare of what threads share", "272 512", "ok"), ("setns", "308 -1 0", "EPERM"),
      // Mounts.
      ("mount", "165 1 1 1 0 1", "EPERM"), ("umount2", "166 0 65280", "EPERM"), ("chroot", "161 0", "EPERM"),
      ("open_tree", "428 -1 0 65535", "EPERM"), ("open_tree_attr", "467 -1 0 65535 0 0", "EPERM"),
      ("fsconfig", "431 -1 99 0 0 0", "EPERM"), ("mount_setattr", "442 -1 0 4294967295 0 0", "EPERM"),
      ("open_by_handle_at", "304 -1 0 0", "EPERM"), ("quotactl", "179 4294967295 0 0 0", "EPERM"),
      ("quotactl_fd", "443 -1 0 0 0", "EPERM"), ("swapon", "167 0 4294967295", "EPERM"),
      // The kernel's rooms.
      ("bpf", "321 0 0 0", "EPERM"), ("perf_event_open", "298 0 0 -1 -1 0", "EPERM"),
      ("userfaultfd", "323 1", "EPERM"), ("process_vm_readv", "310 0 0 0 0 0 255", "EPERM"),
      ("process_vm_writev", "311 0 0 0 0 0 255", "EPERM"), ("lookup_dcookie", "212 0 0 0", "EPERM"),
      ("a personality with an address 0", "135 1048576", "EPERM"),
      ("a personality without random addresses", "135 262144", "ok"),
      ("the personality", "135 4294967295", "ok"),
      // The machine.
      ("clock_settime", "227 0 0", "EPERM"), ("kexec_load", "246 0 0 0 255", "EPERM"),
      ("init_module", "175 0 0 0", "EPERM"), ("modify_ldt", "154 99 0 0", "EPERM"),
    ]

    @Test func `calls for what no namespace holds are refused`() async throws {
      try await Bench.with { bench async throws in
        let result = try await bench.bash(
          """
          python3 - '\(Self.calls.map(\.call).joined(separator: ";"))' <<'END'
          import ctypes, errno, sys
          call = ctypes.CDLL(None, use_errno=True).syscall
          for line in sys.argv[1].split(";"):
              result = call(*(ctypes.c_long(int(number)) for number in line.split()))
              print("ok" if result >= 0 else errno.errorcode[ctypes.get_errno()])
          END
          """)
        let answers = result.text.split(separator: "\n").map(String.init)
        try #require(answers.count == Self.calls.count, "\(result.text)")
        for (call, answer) in zip(Self.calls, answers) { #expect(answer == call.answer, "\(call.name)") }
      }
    }

    @Test func `a call by the numbers of another architecture ends the process`() async throws {
      try await Bench.with { bench async throws in
        // getpid as a 32-bit program calls it: mov eax, 20; int 0x80; ret.
        let result = try await bench.bash(
          """
          python3 -c 'import ctypes, mmap
          page = mmap.mmap(-1, 4096, prot=7)
          page.write(bytes.fromhex("b814000000cd80c3"))
          ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()' || echo "ended by $?"
          """)
        #expect(result.text.contains("ended by"), "\(result.text)")
      }
    }

    /// A key on the keyring of the user that sandboxes are outside, as the service or another session might have
    /// it, is not to be had.
    @Test func `keys of the same user lie closed`() async throws {
      let name = "errand-\(Hex.encode(Randomness.system.bytes(6)))"
      let keyctl = """
        import ctypes, os, sys
        def call(*arguments):
            return ctypes.CDLL(None, use_errno=True).syscall(
                *(a if isinstance(a, (bytes, ctypes.Array)) else ctypes.c_long(a) for a in arguments))
        def read(ring, key):
            text = ctypes.create_string_buffer(100)
            call(250, 8, ring, -3)
            return text.value if call(250, 11, key, text, 100) >= 0 else os.strerror(ctypes.get_errno()).encode()

        """
      try await Bench.with { bench async throws in
        // Its workspace has its user now, if it is not ours.
        try await bench.bash("true")
        var planting = Command([
          "/usr/bin/python3", "-c",
          keyctl + """
            key = call(248, b"user", b"\(name)", b"the secret", 10, -4)
            call(250, 15, key, 300)
            ring = call(250, 0, -4, 0)
            print(ring, key, read(ring, key).decode())
            """,
        ])
        if geteuid() == 0, let user = try Workspace(root: bench.root, session: bench.session).ownerOnDisk {
          planting.confinement.identity = .init(user: user, group: user)
        }
        let planted = try await planting.run()
        let words = planted.text.split(whereSeparator: \.isWhitespace)
        // Outside the same user has it; or there are no keyrings here, and nothing to test.
        try #require(words.count == 4 && words[3] == "secret", "\(planted.text)\(planted.errorText)")
        let result = try await bench.bash(
          "python3 - <<'END'\n\(keyctl)print(read(\(words[0]), \(words[1])).decode())\nEND")
        #expect(result.text == "Operation not permitted\n")
        for file in ["/proc/keys", "/proc/key-users"] {
          #expect(try await bench.bash("cat \(file)").text.contains("Permission denied"))
        }
      }
    }
  #endif

  static let programs = [
    "python3 -c 'import multiprocessing as m; print(sum(m.Pool(2).map(abs, [-1, -2])))'",
    "python3 -c 'import threading; t = threading.Thread(target=lambda: print(3)); t.start(); t.join()'",
    "python3 -c 'import subprocess; subprocess.run([\"echo\", \"3\"])'",
    "python3 -c 'import asyncio; asyncio.run(asyncio.create_subprocess_exec(\"echo\", \"3\"))'",
    "perl -e 'fork or exec \"echo 3\"; wait'", "(echo 3) | cat | tee copy",
    "git init -q r && cd r && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m 3 && git log --format=%s",
    "! command -v node > /dev/null && echo 3 || node -e 'console.log(require(\"child_process\").execSync(\"echo 3\")+\"\")' | head -n 1",
    "setarch -R echo 3",
  ]

  @Test func `programs that agents use are let through`() async throws {
    try await Bench.with { bench async throws in
      for program in Self.programs { #expect(try await bench.bash(program).text == "3\n", "\(program)") }
    }
  }

  /// What a program in the sandbox may write as a host to reach the server beside the proxy.
  static let relays = [
    "127.0.0.1", "localhost", "LOCALHOST.", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "0",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "[fd00:ec2::254]", "[fe80::1]",
    "100.100.100.200",
  ]

  @Test func `the proxy is no relay to private addresses`() async throws {
    let world = try World()
    try await Bench.with(networking: .unrestricted) { bench async throws in
      for host in Self.relays {
        for request in ["CONNECT \(host):\(world.port)", "GET http://\(host):\(world.port)/"] {
          let text = try await bench.bash(
            "exec 9<>/dev/tcp/127.0.0.1/3128; printf '%s HTTP/1.1\\r\\n\\r\\n' '\(request)' >&9; timeout 20 cat <&9"
          ).text
          let isRefused =
            text.hasPrefix("HTTP/1.1 403") && text.contains("has no public address")
            // Forms that this resolver does not know at all.
            || text.hasPrefix("HTTP/1.1 502") && text.contains("could not be resolved")
          #expect(isRefused, "\(request): \(text)")
        }
      }
      #expect(bench.traffic.sent == 0)
    }
    #expect(world.requests == 0)
  }

  @Test func `a name that changes its address leads nowhere else`() async throws {
    // Reachable is 127.0.0.2, which stands for a public address; 127.0.0.1 is what must not be reached.
    let world = try World(address: "127.0.0.2")
    let secret = try World(port: world.port)
    let lookups = Lock(0)
    let names = NameLookup { host in
      let count = lookups.withLock { lookups in
        lookups += 1
        return lookups
      }
      if host == "both.example" { return [IPAddress("127.0.0.1")!, IPAddress("127.0.0.2")!] }
      return [IPAddress(count == 1 ? "127.0.0.2" : "127.0.0.1")!]
    }
    let settings = EgressSettings(allowing: ["127.0.0.2/32"], names: names)
    try await Bench.with(networking: .unrestricted, egress: settings) { bench async throws in
      let url = "http://rebinding.example:\(world.port)/"
      #expect(try await bench.bash("curl -sS \(url)").text.hasPrefix("GET / rebinding.example"))
      // Once: the address that was judged is the one that was used.
      #expect(lookups.withLock { $0 } == 1)
      #expect(try await bench.bash("curl -sS \(url)").text.contains("has no public address"))
      #expect(try await bench.bash("curl -sS -p \(url)").text.contains("403"))
      // Two requests over one connection: the second is not looked at, and goes nowhere.
      let two = try await bench.bash(
        """
        exec 9<>/dev/tcp/127.0.0.1/3128
        printf 'GET http://both.example:\(world.port)/1 HTTP/1.1\\r\\n\\r\\nGET \(url)2 HTTP/1.1\\r\\n\\r\\n' >&9
        timeout 20 cat <&9
        """)
      #expect(two.text.contains("GET /1 both.example") && !two.text.contains("/2"))
    }
    #expect(world.requests == 2)
    #expect(secret.requests == 0)
  }

  @Test func `no session comes to another's workspace`() async throws {
    try await Bench.with { victim async throws in
      try await victim.bash(
        "echo mine > secret; (exec -a victim sleep 1000) & mkdir -p /tmp/shared; echo x > /tmp/shared/x")
      try await Bench.with { thief async throws in
        for command in [
          "cat \(victim.workspace)/workspace/secret", "cat /workspace/../\(victim.session)/workspace/secret",
          "ls \(victim.root)", "cat /tmp/shared/x", "grep -l \(victim.session) /proc/[0-9]*/environ",
          "ln -s \(victim.workspace)/workspace/secret /mnt/session/outputs/taken; cat /mnt/session/outputs/taken",
          "grep -a -l [v]ictim /proc/[0-9]*/cmdline | grep -v self",
        ] {
          #expect(try await thief.bash("(\(command))").isError, "\(command)")
        }
        let read = try await thief.call(
          "read", ["file_path": .string("\(victim.workspace)/workspace/secret")])
        #expect(read.isError)
        // The link is not followed when outputs are taken either.
        #expect(try await thief.hands.collect().allSatisfy { $0.path != "taken" })
      }
      #expect(try await victim.bash("cat secret").text == "mine\n")
    }
  }

  @Test func `nothing outlives the session`() async throws {
    let world = try World()
    let name = "errand-\(Hex.encode(Randomness.system.bytes(6)))"
    let settings = EgressSettings(allowing: ["127.0.0.1/32"], names: EgressProxyTests.local)
    try await Bench.with(networking: .unrestricted, egress: settings) { bench async throws in
      try await bench.bash(
        """
        (env -i setsid bash -c 'exec -a \(name) sleep 1000' &) ; (trap '' TERM HUP; exec -a \(name) sleep 1000) &
        nohup bash -c 'while :; do (exec -a \(name) sleep 0.05); done' > /dev/null 2>&1 &
        exec 9<>/dev/tcp/127.0.0.1/3128
        printf 'CONNECT world.example:\(world.port) HTTP/1.1\\r\\n\\r\\n' >&9; head -n 2 <&9
        """)
      #expect(try await Self.running(name) >= 2)
      #expect(world.connections == 1)
      await bench.hands.end()
      #expect(try await Self.running(name) == 0)
      // The connection was cut before `end` returned; the server sees it when it looks.
      while world.connections > 0 { await Task.yield() }
    }
  }

  /// Processes of this machine by the name they gave themselves.
  private static func running(_ name: String) async throws -> Int {
    let pattern = "[\(name.prefix(1))]\(name.dropFirst())"
    let list = try await Command([
      "/bin/bash", "-c", "grep -al '\(pattern)' /proc/[0-9]*/cmdline 2>/dev/null | wc -l",
    ])
    .run()
    // The shell and grep have the pattern in their lines, but not what it matches.
    return try #require(Int(list.text.filter(\.isNumber)))
  }
}

/// A listening unix socket without a file, which the host's network namespace holds.
final class AbstractSocket: Sendable {
  private let descriptor: Descriptor

  init(_ name: String) throws {
    let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    descriptor = Descriptor(owning: number)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0[1...].copyBytes(from: name.utf8) }
    let size = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
    let isBound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(number, $0, size) == 0 && listen(number, 4) == 0
      }
    }
    try #require(isBound)
  }
}
