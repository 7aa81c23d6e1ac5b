import CMicrohttpd
import Glibc

/// An answer in the library's form. Whoever made it destroys the handle after queueing it: the library counts
/// its own use.
struct Reply {
  let status: UInt32
  let handle: OpaquePointer

  /// Header fields that the library computes; a second one would break the framing.
  private static let ownFields = ["Content-Length", "Transfer-Encoding", "Date"]

  /// Throws a sentence for the log when the answer cannot be sent.
  init(_ response: HTTPResponse, stream: (ByteChannel) -> OpaquePointer?) throws(Failure) {
    if let fault = response.fault { throw Failure(reason: fault) }
    status = UInt32(response.status)
    let made =
      switch response.body {
      case .bytes(let bytes): Reply.copying(bytes)
      case .stream(let channel): stream(channel)
      case .file(let path, let size): try Reply.opening(path, size: size)
      }
    guard let made else { throw Failure(reason: "memory ran out") }
    handle = made
    for (name, value) in response.headers {
      // The library cannot send an empty field; leaving it out means the same to nearly every reader.
      if value.isEmpty || Reply.ownFields.contains(where: { HTTPHeaders.same($0, name) }) { continue }
      guard MHD_add_response_header(made, name, value) == .YES else {
        MHD_destroy_response(made)
        throw Failure(reason: "the header \(name) was not accepted")
      }
    }
  }

  struct Failure: Error {
    let reason: String
  }

  private static func copying(_ bytes: [UInt8]) -> OpaquePointer? {
    bytes.withUnsafeBytes { buffer in
      // The library does not write into it, although its type says so.
      MHD_create_response_from_buffer(
        buffer.count, UnsafeMutableRawPointer(mutating: buffer.baseAddress), .RESPMEM_MUST_COPY)
    }
  }

  private static func opening(_ path: String, size: Int64) throws(Failure) -> OpaquePointer? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Failure(reason: "\(path) cannot be opened: \(Listener.text(errno))") }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, Int64(facts.st_size) >= size,
      size >= 0
    else {
      close(descriptor)
      throw Failure(reason: "\(path) is not a file of at least \(size) bytes")
    }
    // From here on the library closes the descriptor.
    return MHD_create_response_from_fd64(UInt64(size), descriptor)
  }
}
