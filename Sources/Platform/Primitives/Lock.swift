import Glibc

/// A value that only one thread touches at a time.
///
/// A pthread mutex rather than `Synchronization.Mutex`: the thread sanitizer understands it. The mutex is
/// on the heap because Swift may move a stored one. Never hold it across an `await`; the closure is
/// synchronous so that the compiler sees to that.
package final class Lock<State>: @unchecked Sendable {
  // Safe to share: `state` is only reached inside `withLock`.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var state: State

  package init(_ state: sending State) {
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    self.state = state
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  package func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&state)
  }
}

/// A value guarded like `Lock`, on which a thread can also sleep until somebody says that it changed.
/// For threads of our own; a cooperative thread must never wait here.
package final class Gate<State>: @unchecked Sendable {
  // Safe to share: `state` is only reached with the mutex held.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var state: State

  package init(_ state: sending State) {
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    condition = .allocate(capacity: 1)
    condition.initialize(to: pthread_cond_t())
    pthread_cond_init(condition, nil)
    self.state = state
  }

  deinit {
    pthread_cond_destroy(condition)
    condition.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Changes the state and wakes the threads that wait for it.
  package func update<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }
    return try body(&state)
  }

  /// Sleeps until `take` returns something, and returns that. `take` is called with the lock held, once at
  /// first and once after each update.
  package func wait<Taken>(_ take: (inout State) -> Taken?) -> Taken {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let taken = take(&state) { return taken }
      pthread_cond_wait(condition, mutex)
    }
  }
}
