import Glibc
import Primitives

/// Uploads that take for ever, on one thread. What the server ends begins again.
final class SlowUploads: Sendable {
  enum Kind: String, CaseIterable, Sendable {
    case mixed, unsigned, unknown, forged, old
  }

  /// How the uploads went.
  struct Tally: CustomStringConvertible {
    var begun = 0
    var bytes = 0
    /// By the status that came; 0 for those that were closed without one.
    var ended: [Int: Int] = [:]

    var description: String {
      let ends = ended.sorted { $0.key < $1.key }.map { status, count in
        "\(count) \(status == 0 ? "closed" : "answered \(status)")"
      }
      return "\(begun) begun, \(bytes >> 20) MB sent"
        + (ends.isEmpty ? ", none ended" : ", " + ends.joined(separator: ", "))
    }
  }

  private struct Upload {
    var descriptor: Int32 = -1
    var unsent: ArraySlice<UInt8> = []
    /// When it goes on, or begins again, in microseconds.
    var next: Int64 = 0
  }

  private static let length = 25_000_000
  private static let pause: Int64 = 50_000
  /// How long one that was ended rests, in microseconds: a slow sender, not a storm of connections.
  private static let rest: Int64 = 1_000_000

  private let port: UInt16
  private let count: Int
  private let kind: Kind
  private let piece: [UInt8]
  private let isStopped = Lock(false)
  private let tally = Lock(Tally())
  private let thread = Lock<Thread?>(nil)

  init(port: UInt16, count: Int, kind: Kind, bytesPerSecond: Int) {
    self.port = port
    self.count = count
    self.kind = kind
    piece = [UInt8](repeating: 0x78, count: max(1, bytesPerSecond * Int(SlowUploads.pause) / 1_000_000))
  }

  func start() {
    thread.withLock { $0 = Thread("uploads") { self.run() } }
  }

  func stop() -> Tally {
    isStopped.withLock { $0 = true }
    thread.withLock { thread -> Thread? in
      defer { thread = nil }
      return thread
    }?.join()
    return tally.withLock { $0 }
  }

  private func run() {
    var uploads = [Upload](repeating: Upload(), count: count)
    while !isStopped.withLock({ $0 }) {
      let now = Volley.microseconds()
      for place in uploads.indices where uploads[place].next <= now {
        if uploads[place].descriptor < 0 { begin(&uploads[place], place) }
        goOn(&uploads[place], now)
      }
      usleep(2000)
    }
    for upload in uploads where upload.descriptor >= 0 { close(upload.descriptor) }
  }

  private func begin(_ upload: inout Upload, _ place: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else {
      close(descriptor)
      return
    }
    upload.descriptor = descriptor
    upload.unsent = Array(head(place).utf8)[...]
    tally.withLock { $0.begun += 1 }
  }

  private func head(_ place: Int) -> String {
    let kinds: [Kind] = [.unsigned, .unknown, .forged, .old]
    let kind = kind == .mixed ? kinds[place % kinds.count] : kind
    let source = kind == .unknown ? "nobody" : "desk"
    var head =
      "POST /hooks/\(source) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Type: application/json\r\n"
    head += "Content-Length: \(SlowUploads.length)\r\n"
    if kind == .forged || kind == .old {
      let signed = Time.system.now().seconds - (kind == .old ? 3600 : 0)
      head += "webhook-id: slow-\(place)\r\nwebhook-timestamp: \(signed)\r\n"
      head += "webhook-signature: v1,\(String(repeating: "A", count: 43))=\r\n"
    }
    return head + "\r\n"
  }

  private func goOn(_ upload: inout Upload, _ now: Int64) {
    upload.next = now + SlowUploads.pause
    guard upload.descriptor >= 0 else { return }
    if upload.unsent.isEmpty { upload.unsent = piece[...] }
    let descriptor = upload.descriptor
    let sent = upload.unsent.withUnsafeBytes {
      send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }
    if sent > 0 {
      upload.unsent = upload.unsent.dropFirst(sent)
      tally.withLock { $0.bytes += sent }
    }
    var answer = [UInt8](repeating: 0, count: 4096)
    let received = recv(descriptor, &answer, answer.count, Int32(MSG_DONTWAIT))
    if received < 0 && errno == EAGAIN && (sent > 0 || sent < 0) { return }
    let status = received > 0 ? Volley.status(Array(answer.prefix(received))) : 0
    tally.withLock { $0.ended[status, default: 0] += 1 }
    close(descriptor)
    upload.descriptor = -1
    upload.next = now + SlowUploads.rest
  }
}
