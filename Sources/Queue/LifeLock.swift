import Glibc

/// A locked file that shows that a worker lives: the kernel frees the lock when its process ends, however it
/// ends. The files lie in `workers/` beside the database.
package final class LifeLock: Sendable {
  private let file: Int32
  private let path: String

  /// Takes the lock of a worker that starts. Throws `QueueError.workerFile`.
  package init(of worker: String, in directory: String) throws {
    func refuse(_ error: Int32) -> QueueError {
      .workerFile(path: "\(directory)/\(worker)", reason: String(cString: strerror(error)))
    }
    guard mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw refuse(errno) }
    path = "\(directory)/\(worker)"
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw refuse(errno) }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let error = errno
      close(file)
      throw refuse(error)
    }
  }

  /// Removes the file and frees the lock; the last thing a worker does.
  package func release() {
    unlink(path)
    close(file)
  }

  /// Whether the file of a worker is there and nobody holds it, so that its process has ended. A missing file
  /// tells nothing (the worker may be on another machine); the heartbeat decides then.
  static func isFree(of worker: String, in directory: String) -> Bool {
    let file = open("\(directory)/\(worker)", O_RDWR | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return flock(file, LOCK_EX | LOCK_NB) == 0
  }

  /// Whether somebody holds the lock of a worker of this machine.
  package static func isHeld(of worker: String, in directory: String) -> Bool {
    let file = open("\(directory)/\(worker)", O_RDWR | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return flock(file, LOCK_SH | LOCK_NB) != 0
  }

  /// Removes what a dead worker left.
  package static func removeFile(of worker: String, in directory: String) {
    unlink("\(directory)/\(worker)")
  }
}
