import Primitives

/// Something happened: one task waits for it, anybody may say it. Said before anybody waits, it is not lost;
/// said several times, it counts once.
final class Signal: Sendable {
  private struct State {
    var isSet = false
    var waiter: CheckedContinuation<Void, Never>?
  }
  private let state = Lock(State())

  func set() {
    let waiter = state.withLock { state in
      defer { state.waiter = nil }
      state.isSet = state.waiter == nil
      return state.waiter
    }
    waiter?.resume()
  }

  /// Returns at once when the task is cancelled.
  func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        let isSet = state.withLock { state in
          defer { state.isSet = false }
          if !state.isSet { state.waiter = waiter }
          return state.isSet
        }
        if isSet { waiter.resume() }
      }
    } onCancel: {
      set()
    }
  }
}
