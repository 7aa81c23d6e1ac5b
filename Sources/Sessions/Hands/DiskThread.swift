import Primitives

/// Runs what walks or copies on the disk, so that no cooperative thread waits for it. What may take long has
/// threads of its own: a session is never held up by the deliverables or the folders of others.
enum DiskThread {
  enum Lane {
    /// What a session needs to go on.
    case standard
    /// Walks through workspaces.
    case looks
    /// Copies deliverables and removes workspaces.
    case copies
  }

  private static let standard = WorkThreads("disk", count: 2)
  private static let looks = WorkThreads("disk looks", count: 2)
  private static let copies = WorkThreads("disk copies", count: 2)

  static func run<Result: Sendable>(
    _ lane: Lane = .standard, _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    let threads =
      switch lane {
      case .standard: standard
      case .looks: looks
      case .copies: copies
      }
    return try await threads.run(body)
  }
}
