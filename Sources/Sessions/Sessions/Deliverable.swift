/// A file that a session made, opened for whoever judges it.
package struct Deliverable: Sendable, Equatable {
  /// Relative to `/mnt/session/outputs`.
  package var path: String
  package var size: Int64
  /// Its bytes; nil when they are more than what was asked for.
  package var bytes: [UInt8]?

  package init(path: String, size: Int64, bytes: [UInt8]?) {
    self.path = path
    self.size = size
    self.bytes = bytes
  }
}
