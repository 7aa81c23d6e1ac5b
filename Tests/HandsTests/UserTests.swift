import Glibc
import JSON
import Primitives
import Processes
import Sessions
import Testing

@testable import Hands

@Suite struct UserRangeTests {
  @Test(
    arguments: [
      ("1879048192:65536", UserRange(first: 1_879_048_192, count: 65_536)),
      ("1000:1", UserRange(first: 1000, count: 1)),
      ("4294967293:1", UserRange(first: 4_294_967_293, count: 1)), ("4294967293:2", nil), ("999:10", nil),
      ("0:1", nil),
      ("2000:0", nil), ("2000", nil), ("2000:", nil), (":5", nil), ("a:5", nil), ("2000:5:6", nil),
      ("-1:5", nil),
      ("+2000:5", nil), (" 2000:5", nil), ("99999999999:1", nil), ("1000:4294967295", nil),
    ] as [(String, UserRange?)])
  func `a range is two numbers, and no user of the system is in it`(text: String, range: UserRange?) {
    #expect(UserRange(text) == range)
  }

  static let whole = "         0          0 4294967295\n"
  static let small = "         0     100000      65536\n"

  @Test(arguments: [
    ("errand:300000:1000\nroot:100000:65536\n", whole, "300000:1000"),
    ("root:100000:65536\n", whole, "100000:65536"),
    ("me:100000:65536\n", whole, "1879048192:65536"), ("", small, "60578:606"),
    ("errand:oops\n", whole, "1879048192:65536"),
    ("", "0 1000 1\n", "1879048192:65536"),
  ])
  func `without a word of the operator it is what the machine sets aside`(
    subuid: String, map: String, range: String
  ) {
    #expect(UserRange.chosen(subuid: subuid, uidMap: map).description == range)
  }

  @Test(
    arguments: [
      ("root:x:0:0::/root:/bin/sh\n", whole, whole, nil),
      ("ann:x:2003:2003::/:/bin/sh\n", whole, whole, "ann (2003) has one of them"),
      (
        "ann:x:2003:2003::/:/bin/sh\nbob:x:2004:2004::/:/bin/sh\n", whole, whole,
        "ann (2003) and 1 others have one of them"
      ),
      ("", small, whole, nil),
      ("", "0 0 2001\n", whole, "this container does not have all of them (/proc/self/uid_map, gid_map)"),
    ] as [(String, String, String, String?)])
  func `ids of people, and ids that are not there, are refused`(
    passwd: String, uids: String, gids: String, words: String?
  ) {
    #expect(UserRange(first: 2000, count: 100).problem(passwd: passwd, uidMap: uids, gidMap: gids) == words)
  }
}

@Suite struct SandboxUsersTests {
  private static func with(_ count: UInt32, _ body: (SandboxUsers) async throws -> Void) async throws {
    let root = "/tmp/errand-users-\(Hex.encode(Randomness.system.bytes(8)))"
    mkdir(root, 0o700)
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(
        try await body(SandboxUsers(root: root, range: UserRange(first: 1_900_000_000, count: count))))
    } catch {
      outcome = .failure(error)
    }
    _ = try await Command(["rm", "-rf", "--", root]).run()
    try outcome.get()
  }

  @Test func `each workspace has a user of its own and keeps it`() async throws {
    try await Self.with(8) { users in
      var ids: Set<UInt32> = []
      for name in (0..<8).map({ "sesn_\($0)" }) {
        mkdir("\(users.root)/\(name)", 0o700)
        let id = try users.user(of: name, current: nil).user
        #expect(users.range.ids.contains(id))
        #expect(ids.insert(id).inserted)
        // Before anything was handed over, as after a crash, and after.
        #expect(try users.user(of: name, current: 0).user == id)
        #expect(try users.user(of: name, current: id).user == id)
      }
      mkdir("\(users.root)/sesn_9", 0o700)
      let error = #expect(throws: HandsError.self) { try users.user(of: "sesn_9", current: nil) }
      #expect(
        error?.description
          == "No user id is left for another sandbox: each workspace has one, and all of 1900000000:8 are taken. End "
          + "sessions that nobody needs any more, or give sandboxes more ids with --sandbox-uids START:COUNT."
      )
      // As long as the workspace is there, nobody else gets its id.
      let id = try users.user(of: "sesn_3", current: nil).user
      try users.giveBack(id, of: "sesn_3")
      #expect(throws: HandsError.self) { try users.user(of: "sesn_9", current: nil) }
      rmdir("\(users.root)/sesn_3")
      try users.giveBack(id, of: "sesn_3")
      #expect(try users.user(of: "sesn_9", current: nil).user == id)
      // Removed by somebody who gave nothing back.
      let lost = try users.user(of: "sesn_5", current: nil).user
      rmdir("\(users.root)/sesn_5")
      mkdir("\(users.root)/sesn_10", 0o700)
      #expect(try users.user(of: "sesn_10", current: nil).user == lost)
    }
  }

  @Test func `an owner who is not in the book is not believed`() async throws {
    try await Self.with(8) { users in
      mkdir("\(users.root)/sesn_1", 0o700)
      // Such as a person, after a copy, or the one user of all sandboxes of earlier versions.
      for stranger: UInt32 in [1000, 60_578] {
        let given = try users.user(of: "sesn_1", current: stranger).user
        #expect(users.range.ids.contains(given))
      }
    }
  }

  @Test func `many at once get as many users`() async throws {
    try await Self.with(64) { users in
      let ids = try await withThrowingTaskGroup(of: UInt32.self) { group in
        for number in 0..<64 {
          group.addTask {
            // As several processes: each has a lock of its own.
            mkdir("\(users.root)/sesn_\(number)", 0o700)
            return try users.user(of: "sesn_\(number)", current: nil).user
          }
        }
        return try await group.reduce(into: Set<UInt32>()) { $0.insert($1) }
      }
      #expect(ids.count == 64)
      for id in ids {
        for number in 0..<64 {
          rmdir("\(users.root)/sesn_\(number)")
          try users.giveBack(id, of: "sesn_\(number)")
        }
      }
      // With the last of them the book goes.
      #expect(rmdir(users.root) == 0)
    }
  }
}

/// What the kernel counts by user, in sandboxes of root's.
@Suite(.enabled(if: geteuid() == 0, "Only root can give sandboxes users of their own."))
struct SandboxUserTests {
  private static func owner(_ path: String) throws -> UInt32 {
    var status = stat()
    try #require(lstat(path, &status) == 0)
    return status.st_uid
  }

  @Test func `sessions have different users, and give them back`() async throws {
    try await Bench.with { one async throws in
      let hands = try one.provider.hands(for: Workplace(session: "sesn_other"))
      _ = try await hands.execute("bash", ["command": "touch file"])
      try await one.bash("mkdir -p a/b; touch a/b/c; sleep 1000 &")
      let (mine, others) = (
        try Self.owner("\(one.workspace)/workspace/a/b/c"),
        try Self.owner("\(one.root)/sesn_other/workspace/file")
      )
      #expect(mine != others && mine >= 1000 && others >= 1000)
      for process in one.processes { #expect(try Self.owner("/proc/\(process.pid)") == mine) }
      // Another process of the same data directory finds the same.
      let again = SandboxProvider(root: one.root)
      #expect(
        try await again.hands(for: Workplace(session: "sesn_other")).check("touch again", limit: .seconds(20))
          .exitCode == 0)
      #expect(try Self.owner("\(one.root)/sesn_other/workspace/again") == others)
      await hands.end()
      await again.endLeftovers(session: "sesn_other", removingWorkspace: true)
      await one.hands.end()
      #expect(access("\(one.root)/.users", F_OK) != 0)
    }
  }

  @Test func `a workspace of an earlier version is handed over and goes on`() async throws {
    try await Bench.with { bench async throws in
      let old = Confinement.Identity(user: 60_578, group: 60_578)
      for folder in ["", "/workspace", "/workspace/deep", "/outputs"] {
        try Workspace.makeFolder("\(bench.workspace)\(folder)", mode: folder == "" ? 0o755 : 0o700)
        if folder != "" { lchown("\(bench.workspace)\(folder)", old.user, old.group) }
      }
      try Workspace.write("kept", to: "\(bench.workspace)/workspace/deep/file")
      chmod("\(bench.workspace)/workspace/deep/file", 0o600)
      lchown("\(bench.workspace)/workspace/deep/file", old.user, old.group)
      symlink("/etc/passwd", "\(bench.workspace)/workspace/link")
      #expect(try await bench.bash("cat deep/file && echo more >> deep/file").text == "kept")
      #expect(try Self.owner("\(bench.workspace)/workspace/deep/file") != old.user)
      #expect(try Self.owner("/etc/passwd") == 0)
    }
  }

  @Test func `one session's watches and pipes take nothing from another's`() async throws {
    try await Bench.with { greedy async throws in
      try await Bench.with { other async throws in
        let take = """
          import ctypes, fcntl, os, sys, time
          libc = ctypes.CDLL(None, use_errno=True)
          watches = 0
          while libc.inotify_init() >= 0: watches += 1
          keep = []
          try:
              while True: keep.append(os.pipe())
          except OSError: pass
          open('taken', 'w').write(str(watches))
          time.sleep(1000)
          """
        try await greedy.call("write", ["file_path": "take.py", "content": .string(take)])
        // Each of them has as many open files as it may.
        let result = try await greedy.bash(
          "for i in 1 2 3 4 5 6; do rm -f taken; python3 take.py & while [ ! -s taken ]; do sleep 0.01; done; done > /dev/null 2>&1"
        )
        #expect(!result.isError, "\(result.text)")
        let look = """
          python3 -c "import ctypes, fcntl, os; libc = ctypes.CDLL(None); print(libc.inotify_init() >= 0, \
          fcntl.fcntl(os.pipe()[0], 1032))"
          """
        // The greedy one has nothing left itself, which shows that there was something to take.
        #expect(try await greedy.bash(look).text.hasPrefix("False "))
        #expect(try await greedy.bash(look).text != "False 65536\n")
        #expect(try await other.bash(look).text == "True 65536\n")
      }
    }
  }

  @Test func `what one session may read another may not, whatever it knows of paths`() async throws {
    try await Bench.with { one async throws in
      try await one.bash("echo secret > file; chmod 700 .")
      try await Bench.with { other async throws in
        try await other.bash("true")
        let thief = try Self.owner("\(other.workspace)/workspace")
        // Even if the folders above lay open.
        for folder in [one.root, one.workspace] { chmod(folder, 0o755) }
        var command = Command(["/bin/cat", "\(one.workspace)/workspace/file"])
        command.confinement.identity = .init(user: thief, group: thief)
        let output = try await command.run()
        #expect(output.exit == .code(1) && output.errorText.contains("Permission denied"))
      }
    }
  }
}
