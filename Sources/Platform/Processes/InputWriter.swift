import Glibc
import Primitives

/// Feeds bytes to a process as it takes them, then closes the pipe. A process that does not read is fine.
package enum InputWriter {
  /// - Parameter descriptor: the writing end, non-blocking; closed when all is written.
  package static func feed(_ bytes: [UInt8], into descriptor: Descriptor) throws {
    guard !bytes.isEmpty else { return }
    let written = Lock(0)
    _ = try Readiness.shared.watch(descriptor, .writable) {
      written.withLock { written in
        let size = bytes.withUnsafeBytes { bytes in
          write(descriptor.number, bytes.baseAddress! + written, min(bytes.count - written, 65_536))
        }
        if size < 0 { return errno == EAGAIN || errno == EINTR ? .again : .stop }
        written += size
        return written < bytes.count ? .again : .stop
      }
    }
  }
}
