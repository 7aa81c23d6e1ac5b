import Glibc

/// A socket that accepts connections at an address. Made here rather than by the library, which would not
/// tell why it failed.
struct Listener {
  let descriptor: Int32
  /// The port in use, also when any was asked for.
  let port: UInt16

  /// - Parameter address: a host name, an IPv4 address, or an IPv6 address in brackets.
  init(address: String, port: UInt16) throws(HTTPServerError) {
    let found = try Listener.resolve(address, port: port)
    defer { freeaddrinfo(found) }
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(found.pointee.ai_family, kind, 0)
    guard descriptor >= 0 else { throw .system(doing: "making a socket", error: Listener.text(errno)) }
    do throws(HTTPServerError) {
      var on: Int32 = 1
      setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
      guard bind(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0 else {
        throw Listener.refusal(errno, address: address, port: port)
      }
      guard listen(descriptor, 1024) == 0 else { throw Listener.refusal(errno, address: address, port: port) }
      self.port = try Listener.port(of: descriptor)
      self.descriptor = descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }

  private static func resolve(
    _ address: String, port: UInt16
  ) throws(HTTPServerError) -> UnsafeMutablePointer<addrinfo> {
    var host = address
    if address.hasPrefix("["), address.hasSuffix("]") {
      host = String(address.dropFirst().dropLast())
    } else if address.contains(":") {
      throw .badAddress(
        address, reason: "an IPv6 address needs brackets, and the port is a setting of its own")
    }
    guard !host.isEmpty else { throw .badAddress(address, reason: "it is empty") }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let failure = getaddrinfo(host, String(port), &hints, &found)
    guard failure == 0, let found else {
      throw .badAddress(address, reason: String(cString: gai_strerror(failure)))
    }
    return found
  }

  private static func refusal(_ error: Int32, address: String, port: UInt16) -> HTTPServerError {
    switch error {
    case EADDRINUSE: .portInUse(address: address, port: port)
    case EACCES: .permissionDenied(address: address, port: port)
    case EADDRNOTAVAIL: .addressNotOurs(address)
    default: .system(doing: "listening on \(address) port \(port)", error: text(error))
    }
  }

  private static func port(of descriptor: Int32) throws(HTTPServerError) -> UInt16 {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let failure = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
    }
    guard failure == 0 else { throw .system(doing: "asking for the port", error: text(errno)) }
    // The port is at the same place for IPv4 and IPv6, in network byte order.
    return withUnsafeBytes(of: storage) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
  }

  static func text(_ error: Int32) -> String {
    String(cString: strerror(error))
  }
}
