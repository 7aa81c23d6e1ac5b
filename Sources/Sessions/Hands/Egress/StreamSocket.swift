import Glibc
import HTTPClient
import Processes

/// A connected stream socket that tasks read and write without blocking a thread: one reader and one writer.
final class StreamSocket: Sendable {
  /// Read and written through two descriptors, because each can be waited for by one task only.
  private let reading: Descriptor
  private let writing: Descriptor

  enum Failure: Error, Equatable {
    case broken(errno: Int32)
  }

  /// - Parameter descriptor: connected, or about to be; non-blocking.
  init(_ descriptor: Descriptor) throws {
    reading = descriptor
    let copy = fcntl(descriptor.number, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw ProcessError.system(action: "duplicate a socket", errno: errno) }
    writing = Descriptor(owning: copy)
  }

  /// A connection of a listening socket; nil when none waits.
  static func accept(_ listener: Descriptor) throws -> StreamSocket? {
    try Descriptor.accepted(on: listener).map(StreamSocket.init)
  }

  /// A socket of the family of an address, not connected yet.
  static func unconnected(_ family: IPAddress.Family) throws -> StreamSocket {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let number = socket(family == .v4 ? AF_INET : AF_INET6, type, 0)
    guard number >= 0 else { throw ProcessError.system(action: "make a socket", errno: errno) }
    return try StreamSocket(Descriptor(owning: number))
  }

  func connect(to address: IPAddress, port: UInt16) async throws {
    let result = address.withSocketAddress(port: port) {
      Glibc.connect(writing.number, $0, $1) == 0 ? 0 : errno
    }
    if result == 0 { return }
    guard result == EINPROGRESS || result == EINTR else { throw Failure.broken(errno: result) }
    try await Readiness.shared.ready(writing, .writable)
    var failure: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(writing.number, SOL_SOCKET, SO_ERROR, &failure, &size)
    guard failure == 0 else { throw Failure.broken(errno: failure) }
    // A socket that was cut while it connected has no error, and no peer.
    var peer = sockaddr_storage()
    var peerSize = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let isConnected = withUnsafeMutablePointer(to: &peer) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getpeername(writing.number, $0, &peerSize) == 0
      }
    }
    guard isConnected else { throw Failure.broken(errno: ECONNABORTED) }
  }

  /// What has come, at most so many bytes; empty at the end.
  func read(_ most: Int) async throws -> [UInt8] {
    while true {
      var failure: Int32 = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
        let size = recv(reading.number, buffer.baseAddress, most, 0)
        failure = size < 0 ? errno : 0
        count = max(0, size)
      }
      switch failure {
      case 0: return bytes
      case EINTR: continue
      case EAGAIN: try await Readiness.shared.ready(reading, .readable)
      default: throw Failure.broken(errno: failure)
      }
    }
  }

  /// Returns when the system has taken all.
  func write(_ bytes: [UInt8]) async throws {
    var sent = 0
    while sent < bytes.count {
      let size = bytes.withUnsafeBytes {
        send(writing.number, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      if size >= 0 {
        sent += size
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN: try await Readiness.shared.ready(writing, .writable)
      default: throw Failure.broken(errno: errno)
      }
    }
  }

  /// Tells the peer that nothing more comes.
  func finishWriting() {
    shutdown(writing.number, Int32(SHUT_WR))
  }

  /// Ends both directions: whoever waits to read or write is woken.
  func cut() {
    shutdown(writing.number, Int32(SHUT_RDWR))
  }
}
