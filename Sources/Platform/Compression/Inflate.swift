import CZlib

/// Undoes the compression of a body, up to a bound: a few kilobytes can hold gigabytes of zeros.
package enum Inflate {
  package enum Failure: Error, Equatable {
    /// What comes out is longer than was allowed.
    case tooLong
    /// It is not of that format, broken, or ends too soon.
    case broken
  }

  /// RFC 1952; members one after the other are one text.
  package static func gzip(_ bytes: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
    // 16 more than the largest window asks for gzip's frame.
    try run(bytes, window: 15 + 16, limit: limit)
  }

  /// What HTTP calls deflate: RFC 1950, or from some senders the bare stream of RFC 1951.
  package static func deflate(_ bytes: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
    do {
      return try run(bytes, window: 15, limit: limit)
    } catch .tooLong {
      throw .tooLong
    } catch {
      return try run(bytes, window: -15, limit: limit)
    }
  }

  private static func run(_ bytes: [UInt8], window: Int32, limit: Int) throws(Failure) -> [UInt8] {
    var stream = z_stream()
    guard errand_inflate_begin(&stream, window) == Z_OK else { throw .broken }
    defer { inflateEnd(&stream) }
    var input = bytes
    var output: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    let verdict = input.withUnsafeMutableBufferPointer { input in
      piece.withUnsafeMutableBufferPointer { piece in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(clamping: input.count)
        while true {
          stream.next_out = piece.baseAddress
          stream.avail_out = UInt32(piece.count)
          let answer = inflate(&stream, Z_NO_FLUSH)
          output += piece[..<(piece.count - Int(stream.avail_out))]
          if output.count > limit { return Failure.tooLong as Failure? }
          switch answer {
          case Z_STREAM_END:
            if stream.avail_in == 0 { return nil }
            // Another member.
            guard window > 15, inflateReset(&stream) == Z_OK else { return .broken }
          case Z_OK: if stream.avail_in == 0, stream.avail_out > 0 { return .broken }
          default: return .broken
          }
        }
      }
    }
    if let verdict { throw verdict }
    return output
  }
}
