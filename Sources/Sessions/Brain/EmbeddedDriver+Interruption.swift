import Sessions

extension EmbeddedDriver {
  /// Works until it is done or an interrupt comes. The interrupt cancels the work, which has ended when this
  /// returns nil; the next step of the drive takes the interrupt.
  func unlessInterrupted<Result: Sendable>(
    _ session: DrivenSession, _ work: @escaping @Sendable () async throws -> Result
  ) async throws -> Result? {
    try await withThrowingTaskGroup(of: Result?.self) { race in
      race.addTask { try await work() }
      race.addTask {
        try await session.interruption()
        return nil
      }
      defer { race.cancelAll() }
      return try await race.next() ?? nil
    }
  }
}
