/// The bytes of a file, named by their SHA-256.
package struct Content: Sendable, Hashable {
  /// Lower-case hexadecimal.
  package var sha256: String
  package var size: Int64

  package init(sha256: String, size: Int64) {
    self.sha256 = sha256
    self.size = size
  }
}
