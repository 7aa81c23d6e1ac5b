import Glibc
import Primitives

/// A server on 127.0.0.1 that answers each request with the next bytes of a script and closes the connection.
final class ScriptedServer: Sendable {
  struct CannotListen: Error {}

  let port: UInt16
  private let listener: Int32
  private let thread: Thread
  private let received: Lock<[String]>

  /// - Parameters:
  ///   - answers: whole answers, head and body. After the last one the server only hangs up.
  ///   - holdsOn: whether connections stay open after their answer.
  init(_ answers: [String], holdsOn: Bool = false) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 16) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    guard isListening else { throw CannotListen() }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    let received = Lock<[String]>([])
    self.received = received
    thread = Thread("test-server") {
      var rest = answers[...]
      var held: [Int32] = []
      defer { for connection in held { close(connection) } }
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        if let request = ScriptedServer.read(connection) { received.withLock { $0.append(request) } }
        if let answer = rest.popFirst() {
          var bytes = Array(answer.utf8)[...]
          while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
              send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { break }
            bytes = bytes.dropFirst(count)
          }
        }
        if holdsOn { held.append(connection) } else { close(connection) }
      }
    }
  }

  /// The requests so far, head and body.
  var requests: [String] { received.withLock { $0 } }
  var url: String { "http://127.0.0.1:\(port)" }

  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    thread.join()
    close(listener)
  }

  /// One request with a content length.
  private static func read(_ connection: Int32) -> String? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let text = String(decoding: bytes, as: UTF8.self)
      if let end = text.firstRange(of: "\r\n\r\n") {
        let length =
          text[..<end.lowerBound].split(separator: "\r\n")
          .first { $0.lowercased().hasPrefix("content-length:") }
          .flatMap { Int($0.split(separator: ":")[1].drop { $0 == " " }) } ?? 0
        if text[end.upperBound...].utf8.count >= length { return text }
      }
      let count = recv(connection, &buffer, buffer.count, 0)
      if count <= 0 { return nil }
      bytes += buffer[..<count]
    }
  }
}
