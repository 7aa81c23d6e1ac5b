import Processes
import Testing

@Suite struct LatchTests {
  @Test func `all who wait get the first value`() async throws {
    let latch = Latch<Int>()
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<10 { group.addTask { try await latch.wait() } }
      latch.set(1)
      latch.set(2)
      for try await value in group { #expect(value == 1) }
    }
    #expect(latch.value == 1)
  }

  @Test func `a cancelled wait ends, before or while it waits`() async {
    let latch = Latch<Int>()
    let early = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await latch.wait()
    }
    await #expect(throws: CancellationError.self) { try await early.value }
    let late = Task { try await latch.wait() }
    await Task.yield()
    late.cancel()
    await #expect(throws: CancellationError.self) { try await late.value }
  }

  @Test func `a wait with a limit gives up`() async throws {
    #expect(try await Latch<Int>().wait(atMost: .milliseconds(1)) == nil)
  }
}
