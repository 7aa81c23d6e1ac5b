import Primitives
import Processes

/// Lets one caller through at a time, in the order they came.
final class Turnstile: Sendable {
  private let last = Lock<Latch<Bool>?>(nil)

  func pass<Result>(_ body: () async throws -> Result) async throws -> Result {
    let mine = Latch<Bool>()
    let previous = last.withLock { last in
      defer { last = mine }
      return last
    }
    do {
      _ = try await previous?.wait()
    } catch {
      // Cancelled in the queue: those behind still wait for the one in front. A task of its own, since this
      // one waits no more; its only error is cancellation, which nobody can ask for.
      Task {
        _ = try? await previous?.wait()
        mine.set(true)
      }
      throw error
    }
    defer { mine.set(true) }
    return try await body()
  }
}
