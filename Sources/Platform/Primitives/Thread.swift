import CLinux
import Glibc

/// A thread of our own, for calls that block: cooperative threads are as few as the cores, so a blocked
/// one stops every task. `join` it before its owner goes away, or `detach` it.
package final class Thread: @unchecked Sendable {
  // Safe to share: the handle is written once in `init` and read once, in `join` or `detach`.
  private var handle = pthread_t()

  private final class Start {
    let name: String
    let body: @Sendable () -> Void
    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  /// Starts `body` on a new thread.
  /// - Parameter name: what `top -H` shows; at most 15 bytes.
  package init(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let start = Unmanaged.passRetained(Start(name: name, body: body))
    let failure = pthread_create(
      &handle, nil,
      { argument in
        let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
        linux_name_thread(start.name)
        start.body()
        return nil
      }, start.toOpaque())
    precondition(failure == 0, "The system refused a new thread: error \(failure). Raise the process limit.")
  }

  /// Lets the thread end by itself, with nobody to wait for it.
  package func detach() {
    pthread_detach(handle)
  }

  /// Waits until the body has returned. Blocks the calling thread; call it once.
  package func join() {
    pthread_join(handle, nil)
  }
}
