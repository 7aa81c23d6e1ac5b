import Glibc
import Primitives

/// Finds the addresses of a host, for those who connect by themselves to an address they have judged.
package struct NameLookup: Sendable {
  /// - Throws: `NameLookup.Failure`.
  package var addresses: @Sendable (_ host: String) async throws -> [IPAddress]

  package init(_ addresses: @escaping @Sendable (String) async throws -> [IPAddress]) {
    self.addresses = addresses
  }

  /// Why there are none, as the end of a sentence.
  package struct Failure: Error, Equatable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
  }

  /// The machine's own resolver, each question on a thread, since it blocks; so many at one time, and the rest
  /// wait in line.
  package static let system = NameLookup { host in
    guard await seats.take() else { throw Failure("too many names are being looked up") }
    return try await withCheckedThrowingContinuation { waiter in
      Thread("lookup") {
        let result = Result { () throws -> [IPAddress] in try ask(host) }
        seats.leave()
        waiter.resume(with: result)
      }.detach()
    }
  }
  private static let seats = Seats(32, line: 1024)

  private static func ask(_ host: String) throws(Failure) -> [IPAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG
    var list: UnsafeMutablePointer<addrinfo>?
    let result = getaddrinfo(host, nil, &hints, &list)
    guard result == 0 else { throw Failure(String(cString: gai_strerror(result)).lowercased()) }
    defer { freeaddrinfo(list) }
    var addresses: [IPAddress] = []
    var next = list
    while let entry = next {
      if let raw = entry.pointee.ai_addr, let address = IPAddress(raw), !addresses.contains(address) {
        addresses.append(address)
      }
      next = entry.pointee.ai_next
    }
    return addresses
  }
}
