import Primitives

/// Runs what walks or copies on the disk, so that no cooperative thread waits for it.
enum DiskThread {
  private static let jobs = Gate<[@Sendable () -> Void]>([])
  private static let threads: [Thread] = (1...2).map { number in
    Thread("disk \(number)") {
      while true {
        let next = jobs.wait { $0.isEmpty ? nil : $0.removeFirst() }
        next()
      }
    }
  }

  static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    _ = threads
    return try await withCheckedThrowingContinuation { continuation in
      jobs.update { $0.append { continuation.resume(with: Swift.Result { try body() }) } }
    }
  }
}
