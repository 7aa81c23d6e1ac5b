import CCurl
import Glibc

// What libcurl calls. Each callback gets the transfer's address, which the loop's table keeps alive.
extension Transfer {
  func setCallbacks(_ handle: EasyHandle, _ me: UnsafeMutableRawPointer) throws(HTTPClientError) {
    let easy = handle.pointer
    try handle.set(CURLOPT_HEADERDATA, me)
    try check(
      errand_easy_on_bytes(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
        let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
        return Transfer.at(context).takeHead(line) ? line.count : Transfer.stop(for: line)
      })
    try handle.set(CURLOPT_WRITEDATA, me)
    try check(
      errand_easy_on_bytes(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
        let chunk = UnsafeRawBufferPointer(start: bytes, count: size * count)
        return switch Transfer.at(context).takeBody(chunk) {
        case .taken: chunk.count
        case .later: Int(CURL_WRITEFUNC_PAUSE)
        case .refused: Transfer.stop(for: chunk)
        }
      })
    try handle.set(CURLOPT_READDATA, me)
    try check(
      errand_easy_on_read(easy) { buffer, size, count, context in
        let room = UnsafeMutableRawBufferPointer(start: buffer, count: size * count)
        return Transfer.at(context).give(room) ?? Int(CURL_READFUNC_ABORT)
      })
    try handle.set(CURLOPT_SEEKDATA, me)
    try check(
      errand_easy_on_seek(easy) { context, offset, origin in
        guard origin == SEEK_SET, let upload = Transfer.at(context).prepared.upload,
          upload.seek(to: Int(offset))
        else { return Int32(CURL_SEEKFUNC_CANTSEEK) }
        return Int32(CURL_SEEKFUNC_OK)
      })
    try handle.set(CURLOPT_OPENSOCKETDATA, me)
    try check(
      errand_easy_on_open_socket(easy) { context, _, target in
        guard let target else { return CURL_SOCKET_BAD }
        return Transfer.at(context).openSocket(to: &target.pointee)
      })
    try handle.set(CURLOPT_PREREQDATA, me)
    try check(
      errand_easy_on_request(easy) { context, address, _, _, _ in
        let isFine = Transfer.at(context).begin(at: address.map { String(cString: $0) } ?? "")
        return Int32(isFine ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT)
      })
  }

  private static func at(_ context: UnsafeMutableRawPointer?) -> Transfer {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
  }

  /// Any count but that of the bytes offered stops a transfer.
  private static func stop(for bytes: UnsafeRawBufferPointer) -> Int { bytes.isEmpty ? 1 : 0 }

  private func takeHead(_ line: UnsafeRawBufferPointer) -> Bool {
    noteActivity()
    switch head.take(line) {
    case .more:
      return true
    case .tooLong:
      objection = .tooLarge(host: prepared.host, limit: HeadParser.limit)
      return false
    case .complete:
      // The announced length spares reading what would not be kept.
      if !isStreamed, hasBody, let length = head.headers.first("Content-Length").flatMap({ Int($0) }),
        length > request.bodyLimit
      {
        objection = .tooLarge(host: prepared.host, limit: request.bodyLimit)
        return false
      }
      receiver.receive(status: head.status, headers: head.headers)
      return true
    }
  }

  /// Whether a body follows the head (RFC 9112 section 6.3).
  private var hasBody: Bool { prepared.method != "HEAD" && head.status != 204 && head.status != 304 }

  private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Reception {
    noteActivity()
    let reception = receiver.receive(bytes)
    switch reception {
    case .taken: received += bytes.count
    case .later: isResting = true
    case .refused:
      if !receiver.isOver { objection = .tooLarge(host: prepared.host, limit: request.bodyLimit) }
    }
    return reception
  }

  private func give(_ room: UnsafeMutableRawBufferPointer) -> Int? {
    noteActivity()
    guard let upload = prepared.upload else { return 0 }
    guard let count = upload.read(into: room) else {
      objection = .failed("the file to upload became shorter or cannot be read to its end")
      return nil
    }
    return count
  }

  /// One attempt to connect to one address of the host.
  private func openSocket(to target: inout curl_sockaddr) -> curl_socket_t {
    if request.reach != .anywhere {
      guard let address = withUnsafePointer(to: &target.addr, { IPAddress($0) }),
        request.reach.permits(address)
      else {
        forbidden = withUnsafePointer(to: &target.addr) { IPAddress($0) }
        return CURL_SOCKET_BAD
      }
    }
    permittedAttempts += 1
    // libcurl's own would be inherited by the programs this one starts.
    let type = target.socktype | Int32(SOCK_CLOEXEC.rawValue)
    let socket = socket(target.family, type, target.protocol)
    socketError = socket < 0 ? errno : nil
    return socket
  }

  /// A connection is there, new or kept, and the request goes out next.
  private func begin(at address: String) -> Bool {
    noteActivity()
    if request.reach != .anywhere {
      guard let address = IPAddress(address), request.reach.permits(address) else {
        objection = .forbiddenAddress(host: prepared.host, address: address)
        return false
      }
    }
    hasBegun = true
    return true
  }
}
