import Glibc
import HTTPClient
import Primitives

/// A server that says byte for byte what a test's script says, on a free port of 127.0.0.1. Every connection
/// gets a thread, on which the script runs; when it returns the connection is closed.
final class RawServer: Sendable {
  private struct State {
    var accepted = 0
    var open: [Int32: Bool] = [:]
    var threads: [Thread] = []
    var isStopped = false
  }

  let port: UInt16
  private let listener: Int32
  private let state = Lock(State())

  init(_ script: @escaping @Sendable (RawConnection) -> Void) throws {
    (listener, port) = try RawServer.listen(backlog: 512)
    let acceptor = Thread("test-accept") { [self] in
      while true {
        let socket = accept(listener, nil, nil)
        guard socket >= 0 else { return }
        serve(socket, script)
      }
    }
    state.withLock { $0.threads.append(acceptor) }
  }

  private func serve(_ socket: Int32, _ script: @escaping @Sendable (RawConnection) -> Void) {
    state.withLock { state in
      guard !state.isStopped else {
        close(socket)
        return
      }
      let connection = RawConnection(socket, index: state.accepted, listener: listener)
      state.accepted += 1
      state.open[socket] = true
      state.threads.append(
        Thread("test-serve") { [self] in
          script(connection)
          self.state.withLock { state in
            state.open[socket] = nil
            close(socket)
          }
        })
    }
  }

  /// How many connections have been made so far.
  var accepted: Int { state.withLock { $0.accepted } }
  /// How many are open now.
  var open: Int { state.withLock { $0.open.count } }

  func url(_ path: String = "/", host: String = "127.0.0.1") -> String { "http://\(host):\(port)\(path)" }

  /// Cuts every connection and waits for the scripts.
  func stop() {
    let threads = state.withLock { state in
      state.isStopped = true
      for socket in state.open.keys { shutdown(socket, Int32(SHUT_RDWR)) }
      return state.threads
    }
    shutdown(listener, Int32(SHUT_RDWR))
    for thread in threads { thread.join() }
    close(listener)
  }

  struct Failure: Error {}

  static func listen(backlog: Int32) throws -> (socket: Int32, port: UInt16) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && Glibc.listen(listener, backlog) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    guard isBound else { throw Failure() }
    return (listener, UInt16(bigEndian: address.sin_port))
  }
}

/// One connection of a `RawServer`, used by its script's thread.
struct RawConnection: Sendable {
  let socket: Int32
  /// 0 for the first connection to the server.
  let index: Int

  private let listener: Int32

  init(_ socket: Int32, index: Int, listener: Int32) {
    self.socket = socket
    self.index = index
    self.listener = listener
  }

  /// New connections to the server are refused from here on.
  func stopListening() {
    shutdown(listener, Int32(SHUT_RDWR))
  }

  /// The next request up to its empty line; nil when the client has hung up.
  func readHead() -> String? {
    var head: [UInt8] = []
    while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
      guard let byte = read(1)?.first else { return nil }
      head.append(byte)
    }
    return String(decoding: head, as: UTF8.self)
  }

  /// Exactly so many bytes, or nil when they do not come.
  func read(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = bytes.withUnsafeMutableBytes { recv(socket, $0.baseAddress! + filled, count - filled, 0) }
      guard got > 0 else { return nil }
      filled += got
    }
    return bytes
  }

  /// A request and the body its length announces.
  func readRequest() -> (head: String, body: [UInt8])? {
    guard let head = readHead() else { return nil }
    let field = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
    let count = field.flatMap { Int($0.dropFirst(15).filter { $0 != " " }) } ?? 0
    return read(count).map { (head, $0) }
  }

  @discardableResult
  func write(_ text: String) -> Bool { write(Array(text.utf8)) }

  @discardableResult
  func write(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(socket, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  /// An answer with a length.
  @discardableResult
  func answer(_ body: String = "ok", status: String = "200 OK", headers: String = "") -> Bool {
    write("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
  }

  /// Returns when the client has closed its side.
  func waitForHangUp() {
    var rest = [UInt8](repeating: 0, count: 65_536)
    while recv(socket, &rest, rest.count, 0) > 0 {}
  }

  /// Closes with a reset instead of an orderly end.
  func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }
}

/// Something that happens once and can be waited for.
final class Signal: Sendable {
  private struct State {
    var hasFired = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Lock(State())

  func fire() {
    let waiters = state.withLock { state in
      state.hasFired = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  func wait() async {
    await withCheckedContinuation { waiter in
      let isLate = state.withLock { state in
        if !state.hasFired { state.waiters.append(waiter) }
        return state.hasFired
      }
      if isLate { waiter.resume() }
    }
  }
}

/// Looks again and again until the condition holds; false after ten seconds.
func eventually(_ condition: () -> Bool) async -> Bool {
  let end = ContinuousClock.now + .seconds(10)
  while !condition() {
    guard .now < end else { return false }
    try? await Task.sleep(for: .milliseconds(2))  // Cancelled or not, the condition decides.
  }
  return true
}

/// A client and a server for one test, both stopped afterwards.
func withServer(
  _ script: @escaping @Sendable (RawConnection) -> Void,
  _ test: (HTTPClient, RawServer) async throws -> Void
) async throws {
  let server = try RawServer(script)
  let client = HTTPClient(userAgent: "errand-test")
  defer {
    client.close()
    server.stop()
  }
  try await test(client, server)
}
