import JSON
import PathSupport
import Primitives
import Runs
import Sessions
import Store
import Testing

@testable import Queue

@Suite(.timeLimit(.minutes(5))) struct WorkplacesTests {
  @Test func `calls that come together meet in one sandbox`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition())
      let session = try await path.session(path.started().session)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<16 { group.addTask { _ = try await path.workplaces.hands(for: session) } }
        try await group.waitForAll()
      }
      #expect(path.provider.made == [session.id])
    }
  }

  /// Gives out hands that ask for the workplace's permit each time, as a sandbox is asked for, and notes what it did.
  private final class AskingProvider: HandsProvider {
    let deeds = Lock<[String]>([])
    var tools: [ToolDefinition] { [] }

    func hands(for workplace: Workplace) -> any Hands {
      deeds.withLock { $0.append("made") }
      return AskingHands(permit: workplace.permit)
    }

    func endLeftovers(session: String, removingWorkspace: Bool) { deeds.withLock { $0.append("ended") } }
  }

  private struct AskingHands: Hands {
    let permit: Permit
    func execute(_ name: String, _ input: JSON) async throws -> ToolResult {
      try await permit.check()
      return ToolResult(text: "")
    }
    func check(_ command: String, limit: Duration) -> CheckResult { CheckResult(exitCode: 0, tail: "") }
    func collect() -> [OutputFile] { [] }
    func end() {}
  }

  /// The session's lease, taken by a worker; what had it before has lost it.
  private func claim(_ session: String, in path: Path, by worker: String) async throws -> Claim {
    let claims = try await path.database.write { [queue = path.queue] tx in
      try tx.run("UPDATE items SET worker = NULL WHERE ref = $1", session)
      return try queue.claim(tx, for: worker, room: [.session: 1])
    }
    return try #require(claims.first)
  }

  @Test func `whoever has lost the session makes no sandbox, and ends nobody's`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition())
      let session = try await path.session(path.started().session)
      let provider = AskingProvider()
      let workplaces = Workplaces(
        sessions: path.sessions, files: path.files, provider: provider, node: "here", log: Path.log)
      let first = try await claim(session.id, in: path, by: "hung")
      let hands = try await workplaces.hands(for: session, first)
      _ = try await hands.execute("bash", [:])
      #expect(provider.deeds.withLock { $0 } == ["ended", "made"])
      let second = try await claim(session.id, in: path, by: "other")
      // The hands that are there make no further sandbox.
      await #expect(throws: QueueError.self) { try await hands.execute("bash", [:]) }
      // Nor are new hands made, as by a process that has let go of them.
      await workplaces.forget()
      await #expect(throws: QueueError.self) { try await workplaces.hands(for: session, first) }
      #expect(provider.deeds.withLock { $0 } == ["ended", "made"])
      _ = try await workplaces.hands(for: session, second)
      #expect(provider.deeds.withLock { $0 } == ["ended", "made", "ended", "made"])
    }
  }

  @Test func `hands that are used under another lease ask for that one`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition())
      let session = try await path.session(path.started().session)
      let provider = AskingProvider()
      let workplaces = Workplaces(
        sessions: path.sessions, files: path.files, provider: provider, node: "here", log: Path.log)
      let hands = try await workplaces.hands(for: session, claim(session.id, in: path, by: "w"))
      let again = try await workplaces.hands(for: session, claim(session.id, in: path, by: "w"))
      _ = try await hands.execute("bash", [:])
      _ = try await again.execute("bash", [:])
      #expect(provider.deeds.withLock { $0 } == ["ended", "made"])
    }
  }
}
