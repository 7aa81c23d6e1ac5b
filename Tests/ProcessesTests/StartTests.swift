import Glibc
import Primitives
import Testing

@testable import Processes

// Some look at all that this process started.
@Suite(.serialized) struct StartTests {
  /// A launch that never comes to its program: on the way it writes into a pipe that is full.
  struct Halted {
    let pipe: Pipe
    var launch = Launch(["/bin/sleep", "1000"])

    init() throws {
      pipe = try Pipe(ours: .reading)
      let flags = fcntl(pipe.writing.number, F_GETFL)
      _ = fcntl(pipe.writing.number, F_SETFL, flags | O_NONBLOCK)
      let zeros = [UInt8](repeating: 0, count: 4096)
      while write(pipe.writing.number, zeros, zeros.count) > 0 {}
      _ = fcntl(pipe.writing.number, F_SETFL, flags)
      launch.confinement.cgroups = [pipe.writing]
    }
  }

  /// The processes that this one started and that are still there.
  private static var children: Set<Int32> {
    get {
      var found: Set<Int32> = []
      for task in ProcFile.numbers("/proc/self/task") {
        let text = String(decoding: ProcFile.read("/proc/self/task/\(task)/children") ?? [], as: UTF8.self)
        found.formUnion(text.split(separator: " ").compactMap { Int32($0) })
      }
      return found
    }
  }

  @Test(.timeLimit(.minutes(1))) func `a start that hangs holds up no other, and is ended by its limit`()
    async throws
  {
    var halted = try Halted()
    defer { withExtendedLifetime(halted) {} }
    halted.launch.startLimit = .milliseconds(300)
    let launch = halted.launch
    let hanging = Task { try await Child.start(launch) }
    for _ in 0..<20 { #expect(try await Command(["echo", "here"]).run().text == "here\n") }
    let error = await #expect(throws: ProcessError.self) { try await hanging.value }
    #expect(error == .halted(after: .milliseconds(300)))
    #expect(LaunchHealth.now().fault == nil)
    #expect(LaunchHealth.now().notice?.contains("not started in time in the last 10 minutes") == true)
  }

  @Test(.timeLimit(.minutes(1))) func `a start that hangs is cancelled at once, and nothing is left of it`()
    async throws
  {
    let halted = try Halted()
    defer { withExtendedLifetime(halted) {} }
    let launch = halted.launch
    let hanging = Task { try await Child.start(launch) }
    let begun = try await Self.begun()
    hanging.cancel()
    await #expect(throws: CancellationError.self) { try await hanging.value }
    while Self.children.contains(begun) { await Task.yield() }
  }

  @Test func `a task that is cancelled before it starts a program starts none`() async throws {
    let marker = "ERRAND_TEST=\(getpid())-unstarted"
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      return try await Command(
        ["sleep", "1000"], environment: ["ERRAND_TEST": "\(getpid())-unstarted"]
      ).run()
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    while !ProcessIdentity.all(withEnvironment: marker).isEmpty { await Task.yield() }
  }

  /// Waits until the process of a halted start is there.
  private static func begun() async throws -> Int32 {
    while true {
      let found = children.first {
        String(decoding: ProcFile.read("/proc/\($0)/comm") ?? [], as: UTF8.self) == "starting\n"
          // What it waits for, only root is shown of a process that shows nothing.
          && (geteuid() != 0
            || String(decoding: ProcFile.read("/proc/\($0)/wchan") ?? [], as: UTF8.self).contains("pipe"))
      }
      if let found { return found }
      await Task.yield()
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `a halted start holds no pipe of another program open`() async throws {
    var pipe: Pipe? = try Pipe(ours: .writing)
    var launch: Launch? = Launch(["cat"])
    launch?.descriptors[0] = pipe?.reading
    let cat = try await Child.start(try #require(launch))
    launch = nil
    let halted = try Halted()
    defer { withExtendedLifetime(halted) {} }
    let other = halted.launch
    let hanging = Task { try await Child.start(other) }
    _ = try await Self.begun()
    // `cat` ends when all that could write to it have let go, the halted process among them.
    pipe = nil
    #expect(try await cat.wait(atMost: .seconds(5)) == .code(0))
    hanging.cancel()
    await #expect(throws: CancellationError.self) { try await hanging.value }
  }

  @Test func `a copy of us shows neither our arguments nor our variables`() async throws {
    let halted = try Halted()
    defer { withExtendedLifetime(halted) {} }
    let launch = halted.launch
    let hanging = Task { try await Child.start(launch) }
    defer { hanging.cancel() }
    let copy = try await Self.begun()
    for file in ["cmdline", "environ"] {
      // Another user sees nothing of the second at all.
      #expect((ProcFile.read("/proc/\(copy)/\(file)") ?? []).allSatisfy { $0 == 0 }, "\(file)")
      #expect((ProcFile.read("/proc/self/\(file)") ?? []).contains { $0 != 0 })
    }
    let files = ProcFile.numbers("/proc/\(copy)/fd")
    // The three standard files, the reports, and the pipe that it waits for.
    if geteuid() == 0 { #expect(files.count == 5) }
  }

  @Test(
    arguments: [
      (Duration.seconds(9), 0, nil), (.seconds(11), 0, "the thread that starts them is held up"),
      (.zero, 11, "killed processes do not end (4711)"), (.zero, 9, nil),
    ] as [(Duration, Int, String?)])
  func `health says what is stuck`(wait: Duration, killed: Int, words: String?) {
    let record = LaunchRecord()
    let now = ContinuousClock.now
    if killed > 0 { record.remains(4711, at: now - .seconds(killed)) }
    let fault = record.judge(wait: wait, at: now).fault
    #expect(fault.map { fault in words.map { fault.contains($0) } ?? false } ?? (words == nil))
    record.isGone(4711)
    #expect(record.judge(wait: .zero, at: now).fault == nil)
  }

  @Test func `halted starts are told of for ten minutes`() {
    let record = LaunchRecord()
    let now = ContinuousClock.now
    record.wasHalted(at: now)
    #expect(record.judge(wait: .zero, at: now + .seconds(599)).notice?.hasPrefix("1 programs") == true)
    #expect(record.judge(wait: .zero, at: now + .seconds(601)) == LaunchHealth())
  }
}
