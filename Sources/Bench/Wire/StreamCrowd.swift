import Glibc
import Primitives

/// Many clients that follow one session, each on a connection of its own, read by one thread.
///
/// Blocks the thread that calls it: it belongs on one of its own.
final class StreamCrowd {
  /// What marks an event that is waited for.
  private static let mark = Array("event: user.message".utf8)

  private struct Client {
    var descriptor: Int32
    /// The last bytes, which the mark may have begun with.
    var rest: [UInt8] = []
    var events = 0
  }

  private var clients: [Client]
  private var watched: [pollfd] = []

  /// Opens the streams, and returns when the head of each has come.
  init(port: UInt16, path: String, key: String, count: Int) throws {
    clients = try (0..<count).map { _ in Client(descriptor: try StreamCrowd.connect(port)) }
    // HTTP/1.0 has no chunks, so what comes is the events alone.
    let head = "GET \(path) HTTP/1.0\r\nHost: 127.0.0.1\r\nx-api-key: \(key)\r\n\r\n"
    for client in clients {
      guard send(client.descriptor, head, head.utf8.count, Int32(MSG_NOSIGNAL)) == head.utf8.count else {
        throw BenchError.system(what: "Asking for a stream", errno: errno)
      }
      var buffer = [UInt8](repeating: 0, count: 4096)
      guard recv(client.descriptor, &buffer, buffer.count, 0) > 0 else {
        throw BenchError.unexpected("A stream was refused.")
      }
      watched.append(pollfd(fd: client.descriptor, events: Int16(POLLIN), revents: 0))
    }
  }

  deinit {
    for client in clients { close(client.descriptor) }
  }

  /// Reads until every client has seen so many events since the crowd was opened.
  /// - Parameter seen: called for each event of each client with the number of the event, from 0.
  func read(until events: Int, _ seen: (Int) -> Void = { _ in }) throws {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var open = clients.count { $0.events < events }
    while open > 0 {
      let count = poll(&watched, nfds_t(watched.count), 30_000)
      if count == 0 { throw BenchError.unexpected("\(open) streams got nothing for 30 s.") }
      for index in watched.indices where watched[index].revents != 0 {
        let kept = clients[index].rest.count
        for place in 0..<kept { buffer[place] = clients[index].rest[place] }
        let size = buffer.withUnsafeMutableBytes { buffer in
          recv(
            clients[index].descriptor, buffer.baseAddress! + kept, buffer.count - kept, Int32(MSG_DONTWAIT))
        }
        guard size > 0 else { throw BenchError.unexpected("A stream ended.") }
        let before = clients[index].events
        var start = 0
        while let end = StreamCrowd.markEnd(in: buffer, start, kept + size) {
          seen(clients[index].events)
          clients[index].events += 1
          start = end
        }
        start = max(start, kept + size - (StreamCrowd.mark.count - 1))
        clients[index].rest = Array(buffer[start..<(kept + size)])
        if before < events, clients[index].events >= events { open -= 1 }
      }
    }
  }

  /// After the next mark; nil when there is none.
  private static func markEnd(in buffer: [UInt8], _ start: Int, _ end: Int) -> Int? {
    buffer.withUnsafeBytes { bytes in
      var place = start
      while end - place >= mark.count,
        let found = memchr(bytes.baseAddress! + place, Int32(mark[0]), end - place - mark.count + 1)
      {
        let next = UnsafeRawPointer(found) - bytes.baseAddress!
        if memcmp(found, mark, mark.count) == 0 { return next + mark.count }
        place = next + 1
      }
      return nil
    }
  }

  /// What the calling thread has worked so far, in microseconds.
  static var worked: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }

  private static func connect(_ port: UInt16) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
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
    return descriptor
  }
}
