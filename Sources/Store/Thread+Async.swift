package import Primitives

extension Thread {
  /// Runs something that blocks on a thread of its own, and waits for it without blocking the caller's.
  package static func run<T: Sendable, Failure: Error>(
    _ name: String, _ body: @escaping @Sendable () throws(Failure) -> T
  ) async throws(Failure) -> T {
    let started = Lock<Thread?>(nil)
    let result = await withCheckedContinuation { (done: CheckedContinuation<Result<T, Failure>, Never>) in
      let thread = Thread(name) { done.resume(returning: Result { () throws(Failure) -> T in try body() }) }
      started.withLock { $0 = thread }
    }
    // It has nothing left to do, so this does not wait.
    started.withLock { $0 }?.join()
    return try result.get()
  }
}
