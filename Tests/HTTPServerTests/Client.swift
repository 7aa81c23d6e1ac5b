import Dispatch
import Glibc
import Primitives
import Testing

@testable import HTTPServer

/// A client that sends exactly the bytes it is told to, and waits at most ten seconds for anything. Its
/// blocking calls run on a queue of its own, because cooperative threads are as few as the cores.
final class Client: Sendable {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  struct Response: Sendable {
    let status: Int
    let headers: HTTPHeaders
    var body: String
  }

  private let descriptor: Int32
  private let queue = DispatchQueue(label: "client")
  /// Received and not yet asked for.
  private let pending = Lock<[UInt8]>([])

  init(port: UInt16, receiveBuffer: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    if var receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let outcome = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard outcome == 0 else {
      let reason = String(cString: strerror(errno))
      Glibc.close(descriptor)
      throw Failure(description: "connecting: \(reason)")
    }
  }

  deinit {
    Glibc.close(descriptor)
  }

  func send(_ text: String) async throws {
    try await send(Array(text.utf8))
  }

  func send(_ bytes: [UInt8]) async throws {
    try await blocking { [descriptor] in
      var sent = 0
      while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes {
          Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else { throw Failure(description: "sending: \(String(cString: strerror(errno)))") }
        sent += count
      }
    }
  }

  /// Closes the sending side.
  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Leaves, as a program that dies does.
  func leave() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// The next response, with its body. Interim responses are answers of their own.
  func response(toHead: Bool = false) async throws -> Response {
    let head = try await receive(through: "\r\n\r\n")
    let lines = head.split(separator: "\r\n").map(String.init)
    let fields = lines.dropFirst().map { line -> (name: String, value: String) in
      let parts = line.split(separator: ":", maxSplits: 1)
      return (String(parts[0]), String(parts.count > 1 ? parts[1] : "").trimmed)
    }
    guard let first = lines.first, let status = Int(first.split(separator: " ")[1]) else {
      throw Failure(description: "no status line in \(head)")
    }
    var response = Response(status: status, headers: HTTPHeaders(fields), body: "")
    if toHead || status < 200 || status == 204 || status == 304 { return response }
    if let length = response.headers.first("Content-Length").flatMap({ Int($0) }) {
      response.body = String(decoding: try await receive(count: length), as: UTF8.self)
    } else if response.headers.first("Transfer-Encoding") == "chunked" {
      while let chunk = try await chunk() { response.body += chunk }
    }
    return response
  }

  /// The head of a response whose body is a stream.
  func streamHead() async throws -> String { try await receive(through: "\r\n\r\n") }

  /// The next chunk; nil after the last.
  func chunk() async throws -> String? {
    let line = try await receive(through: "\r\n")
    guard let size = Int(line.trimmed, radix: 16) else {
      throw Failure(description: "no chunk size: \(line)")
    }
    let bytes = try await receive(count: size + 2).dropLast(2)
    return size == 0 ? nil : String(decoding: bytes, as: UTF8.self)
  }

  /// Sends, and returns the status that comes back.
  func status(of request: String) async throws -> Int {
    try await send(request)
    return try await response().status
  }

  /// Everything until the server closes; a reset counts as a close.
  func rest() async -> String {
    while true {
      let more = try? await blocking { try self.more() }  // A reset ends the connection, too.
      guard let more, more else { break }
    }
    return pending.withLock { String(decoding: $0, as: UTF8.self) }
  }

  private func receive(through mark: String) async throws -> String {
    try await blocking { [self] in
      let mark = Array(mark.utf8)
      while true {
        let found = pending.withLock { pending -> String? in
          guard let end = pending.firstIndex(of: mark) else { return nil }
          defer { pending.removeFirst(end) }
          return String(decoding: pending.prefix(end), as: UTF8.self)
        }
        if let found { return found }
        guard try more() else { throw Failure(description: "the server closed the connection") }
      }
    }
  }

  private func receive(count: Int) async throws -> [UInt8] {
    try await blocking { [self] in
      while pending.withLock({ $0.count }) < count {
        guard try more() else { throw Failure(description: "the server closed the connection") }
      }
      return pending.withLock { pending in
        defer { pending.removeFirst(count) }
        return Array(pending.prefix(count))
      }
    }
  }

  private func more() throws -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count >= 0 else { throw Failure(description: "receiving: \(String(cString: strerror(errno)))") }
    pending.withLock { $0 += buffer.prefix(count) }
    return count > 0
  }

  private func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
  {
    try await withCheckedThrowingContinuation { done in
      queue.async { done.resume(with: Result(catching: body)) }
    }
  }
}

extension [UInt8] {
  /// Where the first occurrence of `mark` ends.
  fileprivate func firstIndex(of mark: [UInt8]) -> Int? {
    guard count >= mark.count else { return nil }
    return (0...count - mark.count).first { self[$0..<$0 + mark.count].elementsEqual(mark) }
      .map { $0 + mark.count }
  }
}

extension String {
  fileprivate var trimmed: String {
    let text = drop { $0.isWhitespace }
    return String(text.reversed().drop { $0.isWhitespace }.reversed())
  }
}
