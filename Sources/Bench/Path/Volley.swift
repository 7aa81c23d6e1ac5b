import Glibc
import Primitives

/// Sends prepared requests over a fixed number of kept-alive connections, one in flight on each, and times
/// every answer. The same for every server it is pointed at, so that their figures compare.
struct Volley {
  struct Figures {
    var requests: Int
    var seconds: Double
    /// Microseconds, sorted.
    var latencies: [Int64]
    /// How many answers had each status.
    var statuses: [Int: Int]

    var perSecond: Double { Double(requests) / seconds }
    func percentile(_ part: Double) -> Double { Percentiles.of(latencies, part) / 1000 }
  }

  private struct Connection {
    var descriptor: Int32
    var unsent: ArraySlice<UInt8> = []
    var answer: [UInt8] = []
    var start: Int64 = 0
    /// Whether an answer is awaited on it.
    var isBusy = false
  }

  let port: UInt16
  let connections: Int

  /// Blocks the calling thread until every request is answered.
  /// - Parameter perSecond: nil sends as fast as the server answers. A pace keeps to itself, and a request that
  ///   finds every connection busy counts from when it was due.
  func fire(_ requests: [[UInt8]], perSecond: Int? = nil) throws -> Figures {
    var open = try (0..<min(connections, requests.count)).map { _ in Connection(descriptor: try connect()) }
    defer { for connection in open { close(connection.descriptor) } }
    var idle = Array(open.indices.reversed())
    var next = 0
    var latencies: [Int64] = []
    latencies.reserveCapacity(requests.count)
    var statuses: [Int: Int] = [:]
    let start = Volley.microseconds()
    func due(_ number: Int) -> Int64 { perSecond.map { start + Int64(number * 1_000_000 / $0) } ?? 0 }
    var watched = open.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    while latencies.count < requests.count {
      while next < requests.count, due(next) <= Volley.microseconds(), let index = idle.popLast() {
        begin(&open[index], requests[next], at: due(next))
        watched[index].events = Int16(open[index].unsent.isEmpty ? POLLIN : POLLIN | POLLOUT)
        next += 1
      }
      let isWaiting = next < requests.count && !idle.isEmpty
      let pause = isWaiting ? max(0, due(next) - Volley.microseconds()) / 1000 + 1 : 30_000
      let ready = poll(&watched, nfds_t(watched.count), Int32(pause))
      if ready <= 0, !isWaiting { throw BenchError.unexpected("The server answered nothing for 30 s.") }
      for index in watched.indices where ready > 0 && watched[index].revents != 0 {
        guard open[index].isBusy else {
          // Servers close what is silent for long.
          close(open[index].descriptor)
          open[index].descriptor = try connect()
          watched[index].fd = open[index].descriptor
          continue
        }
        if try advance(&open[index]) {
          open[index].isBusy = false
          latencies.append(Volley.microseconds() - open[index].start)
          statuses[Volley.status(open[index].answer), default: 0] += 1
          open[index].answer.removeAll(keepingCapacity: true)
          idle.append(index)
        }
        let isSending = !open[index].unsent.isEmpty
        watched[index].events = Int16(isSending ? POLLIN | POLLOUT : POLLIN)
      }
    }
    let seconds = Double(Volley.microseconds() - start) / 1e6
    return Figures(
      requests: latencies.count, seconds: seconds, latencies: latencies.sorted(), statuses: statuses)
  }

  /// - Parameter due: in microseconds; 0 counts from now.
  private func begin(_ connection: inout Connection, _ request: [UInt8], at due: Int64) {
    connection.start = due == 0 ? Volley.microseconds() : due
    connection.unsent = request[...]
    connection.isBusy = true
    send(&connection)
  }

  private func send(_ connection: inout Connection) {
    while !connection.unsent.isEmpty {
      let descriptor = connection.descriptor
      let count = connection.unsent.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      }
      if count <= 0 { return }
      connection.unsent = connection.unsent.dropFirst(count)
    }
  }

  /// - Returns: whether the whole answer is there.
  private func advance(_ connection: inout Connection) throws -> Bool {
    send(&connection)
    var piece = [UInt8](repeating: 0, count: 16_384)
    let count = recv(connection.descriptor, &piece, piece.count, Int32(MSG_DONTWAIT))
    if count < 0 && (errno == EAGAIN || errno == EINTR) { return false }
    guard count > 0 else {
      throw BenchError.unexpected("The server closed a connection in the middle.")
    }
    connection.answer += piece[..<count]
    return Volley.isWhole(connection.answer)
  }

  static func isWhole(_ answer: [UInt8]) -> Bool {
    guard let end = answer.firstRange(of: Array("\r\n\r\n".utf8)) else { return false }
    let head = String(decoding: answer[..<end.lowerBound], as: UTF8.self).lowercased()
    let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
      .flatMap { Int($0.dropFirst("content-length:".count).drop { $0 == " " }) }
    return answer.count >= end.upperBound + (length ?? 0)
  }

  static func status(_ answer: [UInt8]) -> Int {
    Int(String(decoding: answer.dropFirst(9).prefix(3), as: UTF8.self)) ?? 0
  }

  static func microseconds() -> Int64 {
    var spec = timespec()
    clock_gettime(CLOCK_MONOTONIC, &spec)
    return Int64(spec.tv_sec) * 1_000_000 + Int64(spec.tv_nsec) / 1000
  }

  private func connect() throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard descriptor >= 0, connected == 0 else {
      throw BenchError.system(what: "Connecting to port \(port)", errno: errno)
    }
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    return descriptor
  }
}
