import Primitives
import Sessions

// The repositories of a session, cloned before its agent begins to work.
extension EmbeddedDriver {
  /// How often a clone is tried in one drive.
  private static let cloneTries = 3

  enum Mounting: Sendable, Equatable {
    /// They are there, or the session goes on without them.
    case done
    case interrupted
    /// The session is of no use without one that cannot be had.
    case without(RepositoryTrouble)
  }

  /// Each failure is told in the log. One that may pass is tried again; on the wire the session goes on without
  /// the repository then, and a run's attempt ends.
  func mountRepositories(
    _ session: DrivenSession, _ row: Session, _ progress: Progress
  ) async throws -> Mounting {
    let mounts = row.resources.compactMap(RepositoryMount.init(resource:))
    if mounts.isEmpty || row.isSelfHosted { return .done }
    let hands = try await workplaces.hands(for: row, session.claim)
    for number in 1... {
      let mounted = try await unlessInterrupted(session) { try await hands.troublesOfMounting(mounts) }
      guard let troubles = mounted else { return .interrupted }
      if troubles.isEmpty { return .done }
      if troubles.contains(where: \.isRequired) { try await keepBack(session, progress) }
      try await session.record(troubles.map(\.event))
      if number < Self.cloneTries, troubles.contains(where: \.isRetryable) {
        let wait = Backoff.wait(afterFailures: number, asked: nil, chance: randomness.fraction())
        guard try await unlessInterrupted(session, { [time] in try await time.sleep(wait) }) != nil else {
          return .interrupted
        }
        continue
      }
      return troubles.first(where: \.isRequired).map(Mounting.without) ?? .done
    }
    return .done
  }
}

extension RepositoryTrouble {
  /// How a session ends that is of no use without the repository. A missing token or a wrong address will be so
  /// in the next session too; a checkout that failed in this sandbox may not.
  var settlement: Settlement {
    isRetryable || type == "repository_checkout_error" ? .terminated(message) : .hopeless(message)
  }
}

extension Hands {
  /// - Throws: `SandboxError`, `CancellationError`.
  fileprivate func troublesOfMounting(_ mounts: [RepositoryMount]) async throws -> [RepositoryTrouble] {
    do {
      return try await mount(mounts)
    } catch let error as CancellationError {
      throw error
    } catch {
      throw SandboxError(error)
    }
  }
}
