import Glibc

/// A file that is removed with this value.
final class TemporaryFile: Sendable {
  let path: String

  struct Failure: Error {}

  init(_ content: String) throws {
    var template = Array("/tmp/errand-test-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw Failure() }
    defer { close(descriptor) }
    path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    let bytes = Array(content.utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count else { throw Failure() }
  }

  deinit {
    unlink(path)
  }
}
