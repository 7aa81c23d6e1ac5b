import Glibc
import Primitives
import Processes
import Testing

@testable import Hands

@Suite struct DiskRuleTests {
  private typealias Look = DiskRule.Look

  private static let start = ContinuousClock().now
  private static let megabyte: Int64 = 1 << 20

  /// 64 MiB may be taken, and 1000 MiB have to stay free.
  private static func rule(looking usages: Int64?..., free: Int64 = 5000, cost: Duration = .zero) -> DiskRule
  {
    var rule = DiskRule(limit: 64 * megabyte, leastFree: 1000 * megabyte)
    for usage in usages { _ = rule.judge(look(usage, free: free, cost: cost)) }
    return rule
  }

  private static func look(_ usage: Int64?, free: Int64 = 5000, cost: Duration = .zero) -> Look {
    Look(usage: usage.map { $0 * megabyte }, room: room(free), cost: cost, end: start)
  }

  private static func room(_ free: Int64, entries: Int64 = 100_000) -> DiskRoom {
    DiskRoom(bytes: free * megabyte, entries: entries)
  }

  @Test(
    arguments: [
      // Nothing happens on the disk: seldom between commands.
      (5000, false, 29, 0, false), (5000, false, 30, 0, true), (5000, true, 1, 0, false),
      (5000, true, 2, 0, true),
      // What the disk lost could be too much for the workspace, or not.
      (4960, false, 1, 0, false), (4940, false, 1, 0, true), (4940, true, 1, 0, true),
      // The disk is almost full, and gets fuller or does not.
      (990, false, 1, 0, true), (999, false, 1, 1, false),
      // Looks that cost much are made less often.
      (5000, true, 11, 3, false), (5000, true, 12, 3, true), (5000, false, 59, 3, false),
      (4000, false, 5, 3, false),
    ] as [(Int64, Bool, Int, Int, Bool)])
  func `looks are made when the workspace can have grown too much, and else seldom`(
    free: Int64, commandRuns: Bool, age: Int, cost: Int, isDue: Bool
  ) {
    var rule = Self.rule(looking: 10, free: free < 1000 ? 1000 : 5000, cost: .seconds(cost))
    rule.glance(Self.room(free))
    #expect(rule.isDue(commandRuns: commandRuns, at: Self.start + .seconds(age)) == isDue)
  }

  @Test func `files without content are seen too`() {
    var rule = Self.rule(looking: 10)
    let later = Self.start + .seconds(1)
    rule.glance(Self.room(5000, entries: 99_000))
    #expect(!rule.isDue(commandRuns: false, at: later))
    rule.glance(Self.room(5000, entries: 80_000))
    #expect(rule.isDue(commandRuns: false, at: later))
  }

  @Test func `what others give back hides nothing`() {
    var rule = Self.rule(looking: 10)
    for free: Int64 in [4970, 5500, 5470] { rule.glance(Self.room(free)) }
    #expect(rule.isDue(commandRuns: false, at: Self.start + .seconds(1)))
    _ = rule.judge(Self.look(10, free: 5470))
    #expect(!rule.isDue(commandRuns: false, at: Self.start + .seconds(1)))
  }

  @Test func `a look that was left out is thought of again as if it had been made`() {
    var rule = Self.rule(looking: 10)
    rule.glance(Self.room(4000))
    #expect(rule.isDue(commandRuns: false, at: Self.start + .seconds(30)))
    rule.leaveOut(at: Self.start + .seconds(30))
    #expect(!rule.isDue(commandRuns: false, at: Self.start + .milliseconds(30_100)))
    // A command that begins is looked after soon: the disk has lost much.
    #expect(rule.isDue(commandRuns: true, at: Self.start + .milliseconds(30_200)))
  }

  @Test func `what is there when a command begins is not its fault`() {
    var rule = Self.rule(looking: 80)
    #expect(rule.judge(Self.look(80)) == .over)
    rule.accept()
    #expect(rule.judge(Self.look(80)) == nil)
    #expect(rule.judge(Self.look(81)) == nil)
    #expect(rule.judge(Self.look(82)) == .over)
    rule.accept()
    #expect(rule.judge(Self.look(10)) == nil)
    rule.accept()
    #expect(rule.judge(Self.look(64)) == nil)
    #expect(rule.judge(Self.look(65)) == .over)
  }

  @Test func `what cannot be looked into twice counts as too much, whatever the command found`() {
    var rule = Self.rule(looking: nil)
    rule.accept()
    #expect(rule.most == 64 * Self.megabyte)
    #expect(rule.judge(Self.look(nil)) == .over)
    #expect(rule.judge(Self.look(10)) == nil)
    #expect(rule.judge(Self.look(nil)) == nil)
  }

  @Test func `on a disk that is almost full only who goes on filling it is ended, however slowly`() {
    var rule = Self.rule(looking: 10)
    #expect(rule.judge(Self.look(11, free: 999)) == nil)
    rule.accept()
    #expect(rule.judge(Self.look(11, free: 900)) == nil)
    #expect(rule.judge(Self.look(12, free: 899)) == .diskFull)
    rule.accept(afterEnding: true)
    #expect(rule.judge(Self.look(12, free: 800)) == nil)
    // There is room again, and then none: it begins anew.
    #expect(rule.judge(Self.look(20, free: 2000)) == nil)
    #expect(rule.judge(Self.look(21, free: 900)) == nil)
  }
}

@Suite struct DiskThreadTests {
  @Test func `long copies hold up no session`() async throws {
    let gate = Gate(false)
    let copies = (1...4).map { _ in
      Task { try await DiskThread.run(.copies) { gate.wait { $0 ? true : nil } } }
    }
    #expect(try await DiskThread.run { 1 } == 1)
    #expect(try await DiskThread.run(.looks) { 2 } == 2)
    gate.update { $0 = true }
    for copy in copies { #expect(try await copy.value) }
  }
}

@Suite struct FolderTests {
  /// Runs on a thread that has the rights of an ordinary user at the disk, whoever runs the tests.
  private func asOrdinaryUser<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws
    -> Result
  {
    try await WorkThreads("user", count: 1).run {
      if geteuid() == 0 {
        typealias Setting = @convention(c) (UInt32) -> Int32
        let symbol = try #require(dlsym(nil, "setfsuid"))
        _ = unsafeBitCast(symbol, to: Setting.self)(60_578)
      }
      return try body()
    }
  }

  @Test func `folders that their owner closed are looked into, at any depth`() async throws {
    let path = "/tmp/errand-folder-\(Hex.encode(Randomness.system.bytes(8)))"
    let (open, closed) = try await asOrdinaryUser {
      try Workspace.makeFolder(path, mode: 0o700)
      var folder = try Folder(path)
      let name = Array("d".utf8CString)
      // At each level a file and, to come back for, a second folder.
      for level in 1...300 {
        try #require(mkdirat(folder.descriptor.number, name, 0o700) == 0)
        try #require(mkdirat(folder.descriptor.number, "e\(level)", 0o700) == 0)
        folder = try #require(folder.folder(name))
      }
      let open = try Folder(path).allocated()
      for mode: mode_t in [0, 0o400, 0o100] {
        try #require(mkdirat(folder.descriptor.number, "m\(mode)", 0o700) == 0)
        let inner = try #require(folder.folder(Array("m\(mode)".utf8CString)))
        let file = try Descriptor.open(
          noFollow: Array("f".utf8CString), in: inner.descriptor, O_WRONLY | O_CREAT)
        try #require(write(file.number, [UInt8](repeating: 1, count: 100_000), 100_000) == 100_000)
        try #require(fchmod(inner.descriptor.number, mode) == 0)
      }
      return (open, try Folder(path).allocated())
    }
    #expect(open == 600 * Folder.entryCost)
    #expect(try #require(closed) >= 603 * Folder.entryCost + 300_000)
    // Closed folders are no hindrance to removing, and neither is depth.
    try Folder.remove(path)
    #expect(access(path, F_OK) != 0)
  }
}
