import CLinux
import Glibc
import Primitives

/// Finds the addresses of a host, for those who connect by themselves to an address they have judged.
package struct NameLookup: Sendable {
  private let find: @Sendable (_ host: String, _ asker: ObjectIdentifier) async throws -> [IPAddress]

  /// - Parameter addresses: throws `NameLookup.Failure`.
  package init(_ addresses: @escaping @Sendable (_ host: String) async throws -> [IPAddress]) {
    find = { host, _ in try await addresses(host) }
  }

  private init(
    byTurns find: @escaping @Sendable (_ host: String, _ asker: ObjectIdentifier) async throws -> [IPAddress]
  ) {
    self.find = find
  }

  /// - Parameter asker: whose question it is, a session's for instance; those who ask much wait for those who ask
  ///   little.
  /// - Throws: `NameLookup.Failure`, or `CancellationError` when the task was cancelled in the line.
  package func addresses(of host: String, for asker: ObjectIdentifier) async throws -> [IPAddress] {
    try await find(host, asker)
  }

  /// Why there are none, as the end of a sentence.
  package struct Failure: Error, Equatable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
  }

  /// The machine's own resolver, each question on a thread, since it blocks and cannot be cancelled; so many at one
  /// time, and the rest wait in line.
  package static let system = NameLookup(byTurns: { host, asker in
    guard await seats.take(for: asker) else {
      try Task.checkCancellation()
      throw Failure("too many names are being looked up")
    }
    return try await withCheckedThrowingContinuation { waiter in
      Thread("lookup") {
        linux_hurry_lookups(2, 1)
        let result = Result { () throws -> [IPAddress] in try ask(host) }
        seats.leave(for: asker)
        waiter.resume(with: result)
      }.detach()
    }
  })
  private static let seats = Seats(32, spare: 32, line: 1024)

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
