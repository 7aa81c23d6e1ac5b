import Glibc
import HTTPClient
import Processes
import Testing

/// A port of 127.0.0.1 at which connections arrive and nobody answers.
struct Listener {
  let port: UInt16
  private let socket: Descriptor

  init() throws {
    socket = Descriptor(owning: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
    let number = socket.number
    let isBound = IPAddress("127.0.0.1")!.withSocketAddress(port: 0) { Glibc.bind(number, $0, $1) == 0 }
    try #require(isBound && listen(number, 16) == 0)
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isNamed = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &size) == 0 }
    }
    try #require(isNamed)
    port = UInt16(bigEndian: address.sin_port)
  }

  /// Whether anybody connected.
  var hasCaller: Bool {
    var asked = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
    return poll(&asked, 1, 0) > 0
  }
}
