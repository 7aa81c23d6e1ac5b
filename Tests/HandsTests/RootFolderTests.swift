import Glibc
import JSON
import Primitives
import Processes
import Sessions
import Testing

@testable import Hands

@Suite struct RootFolderTests {
  @Test func `folders can be made in the root, and stay for as long as the workspace`() async throws {
    try await Bench.with { bench async throws in
      let made = try await bench.bash(
        "mkdir -p /mnt/user/outputs /data /home/user/.cache /app /srv/x /var/lib/x && echo 1 > /data/file && touch /x /mnt/x"
      )
      #expect(made.text == "(no output)", "\(made.text)")
      #expect(try await !bench.call("write", ["file_path": "/repo/src/main.c", "content": "int x;"]).isError)
      #expect(try await bench.call("read", ["file_path": "/repo/src/main.c"]).text == "int x;")
      #expect(try await bench.hands.check("cat /data/file", limit: .seconds(20)).tail == "1\n")
      // Its processes end, the files stay: a session that waits, or another process of ours.
      for process in bench.processes { process.kill() }
      for process in bench.processes { try await process.gone() }
      let kept = try await bench.bash("cat /data/file /repo/src/main.c; ls -d /mnt/user/outputs")
      #expect(kept.text == "1\nint x;/mnt/user/outputs\n")
      await bench.hands.end()
      #expect(access(bench.workspace, F_OK) != 0)
    }
  }

  @Test func `what the sandbox is made of cannot be moved, removed or replaced`() async throws {
    try await Bench.with { bench async throws in
      for command in [
        "mv /bin /bin2", "rm -rf /bin", "rmdir /usr", "mv /etc /etc2", "touch /etc/x", "ln -sf /tmp /lib",
        "mv /lib64 /l",
        "touch /usr/x", "touch /bin/x", "echo x > /etc/passwd", "mv /proc /p", "mv /workspace /w",
        "mount -t tmpfs none /data",
      ] {
        #expect(try await bench.bash("(\(command)) 2>/dev/null").isError, "\(command)")
      }
      #expect(try await bench.hands.check("echo alive", limit: .seconds(20)).tail == "alive\n")
    }
  }

  @Test func `what an agent left in the place of a mount point leads nowhere`() async throws {
    let victim = "/tmp/errand-victim-\(Hex.encode(Randomness.system.bytes(8)))"
    mkdir(victim, 0o777)
    chmod(victim, 0o777)
    defer { rmdir(victim) }
    try await Bench.with { bench async throws in
      // As root of the sandbox' folder, an agent can do this to those that are no mount points.
      try await bench.bash(
        "rm -rf /srv /home /root; ln -s \(victim) /srv; ln -s / /home; mkfifo /root; mv /mnt/session /mnt/old; ln -s \(victim) /mnt/session"
      )
      await bench.provider.endLeftovers(session: bench.session, removingWorkspace: false)
      // Those of mount points too, which somebody who is not in the sandbox might.
      for name in ["etc", "opt", "workspace"] {
        let path = "\(bench.workspace)/root/\(name)"
        try Folder.remove(path)
        #expect(symlink(victim, path) == 0)
      }
      #expect(
        try await bench.bash(
          "cat /etc/hostname /etc/passwd 2>/dev/null | head -n 1; ls -d /mnt/session/outputs; touch /mnt/session/outputs/x && echo out"
        ).text
          == "root:x:0:0:root:/root:/bin/bash\n/mnt/session/outputs\nout\n")
      #expect(try Folder(victim).entries().isEmpty)
      #expect(access("\(bench.workspace)/outputs/x", F_OK) == 0)
    }
  }

  @Test func `the root counts for the disk's limit`() async throws {
    var limits = SandboxLimits()
    limits.workspace = 4 << 20
    try await Bench.with(limits: limits) { bench async throws in
      let result = try await bench.bash(
        "mkdir /data; head -c 8000000 /dev/zero > /data/big; sleep 1000", timeout: 60_000)
      #expect(result.text.contains("went over its limit of 4194304 bytes"))
      #expect(try await bench.bash("rm /data/big && echo gone").text == "gone\n")
    }
  }

  @Test func `a closed root is opened again`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash("mkdir /data; chmod 000 /data /mnt /; true")
      #expect(try await bench.hands.check("echo alive", limit: .seconds(20)).tail == "alive\n")
      await bench.provider.endLeftovers(session: bench.session, removingWorkspace: false)
      #expect(try await bench.bash("chmod 755 /data /mnt; echo alive").text == "alive\n")
    }
  }
}
