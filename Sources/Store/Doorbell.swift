import FileSystem
import Glibc
import Primitives

/// How the processes that share a database file tell each other that something changed: each binds a unix
/// datagram socket in one directory, and rings by sending a byte to all the others.
///
/// Ringing never waits. A full socket has wake-ups enough in it; a socket that nobody holds was left by a
/// process that died, and is removed.
final class Doorbell: Sendable {
  private struct Listeners {
    var next = 0
    var waiting: [Int: AsyncStream<Void>.Continuation] = [:]
    var isClosed = false
    var thread: Thread?
  }

  private let directory: String
  private let name: String
  private let socket: Int32
  /// Addresses go through this descriptor: a socket's path has room for 107 bytes only.
  private let folder: Int32
  private let listeners = Lock(Listeners())

  init(in directory: String) throws(StoreError) {
    func refuse(_ error: Int32) -> StoreError {
      .bell(path: directory, reason: String(cString: strerror(error)))
    }
    guard mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw refuse(errno) }
    let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw refuse(errno) }
    let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let socket = Glibc.socket(AF_UNIX, kind, 0)
    guard socket >= 0 else {
      let error = errno
      Glibc.close(folder)
      throw refuse(error)
    }
    let name = "\(getpid())-\(Hex.encode(Randomness.system.bytes(8))).bell"
    let bound = Doorbell.withAddress("/proc/self/fd/\(folder)/\(name)") { bind(socket, $0, $1) }
    guard bound == 0 else {
      let error = errno
      Glibc.close(folder)
      Glibc.close(socket)
      throw refuse(error)
    }
    self.directory = directory
    self.name = name
    self.socket = socket
    self.folder = folder
    let thread = Thread("store-bell") { self.answer() }
    listeners.withLock { $0.thread = thread }
  }

  deinit {
    Glibc.close(socket)
    Glibc.close(folder)
  }

  /// Wake-ups from now on; the stream ends when the bell is closed.
  func listen() -> AsyncStream<Void> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1)) { listener in
      let key = listeners.withLock { state -> Int? in
        guard !state.isClosed else { return nil }
        state.next += 1
        state.waiting[state.next] = listener
        return state.next
      }
      guard let key else { return listener.finish() }
      listener.onTermination = { [weak self] _ in
        self?.listeners.withLock { $0.waiting[key] = nil }
      }
    }
  }

  /// Wakes the listeners of this process and of all others.
  func ring() {
    wake()
    for other in others() {
      let sent = Doorbell.withAddress("/proc/self/fd/\(folder)/\(other)") {
        var byte: UInt8 = 1
        return sendto(socket, &byte, 1, Int32(MSG_DONTWAIT | MSG_NOSIGNAL), $0, $1)
      }
      if sent < 0, errno == ECONNREFUSED { unlinkat(folder, other, 0) }
    }
  }

  /// Ends all streams and the thread. The descriptors live until nobody can ring any more.
  func close() {
    let (waiting, isFirst) = listeners.withLock { state in
      defer {
        state.isClosed = true
        state.waiting = [:]
      }
      return (state.waiting.values, !state.isClosed)
    }
    guard isFirst else { return }
    unlinkat(folder, name, 0)
    shutdown(socket, Int32(SHUT_RD))
    for listener in waiting { listener.finish() }
  }

  /// Waits for the thread, after `close`.
  func join() {
    let thread = listeners.withLock { state in
      defer { state.thread = nil }
      return state.thread
    }
    thread?.join()
  }

  private func answer() {
    var bytes: [UInt8] = [0, 0]
    while !listeners.withLock({ $0.isClosed }) {
      let count = recv(socket, &bytes, bytes.count, 0)
      if count > 0 { wake() }
      if count < 0, errno != EINTR { return }
    }
  }

  private func wake() {
    for listener in listeners.withLock({ Array($0.waiting.values) }) { listener.yield() }
  }

  private func others() -> [String] {
    // A directory that cannot be read has nobody to ring: whoever polls finds the change all the same.
    let names = (try? FolderList.names(in: directory)) ?? []
    return names.filter { $0 != name && $0.hasSuffix(".bell") }
  }

  private static func withAddress<Result>(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
