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
    Attempt("filling the root", "echo > /big", fails: "Read-only file system"),
    Attempt(
      "filling what is left of it", "echo > /run/big || echo > /var/tmp/big || echo > /home/big",
      fails: "Read-only file system"),
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
