import PathSupport
import Runs
import Sessions
import Testing

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
}
