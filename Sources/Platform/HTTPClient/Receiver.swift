/// Where the loop puts what arrives. Called on the loop's thread, except `isOver`.
protocol Receiver: Sendable {
  /// Whether nobody waits any more: it was cancelled, or has finished.
  var isOver: Bool { get }
  /// The status and the fields, once, before any body.
  func receive(status: Int, headers: HTTPClient.Headers)
  func receive(_ bytes: UnsafeRawBufferPointer) -> Reception
  /// The last call.
  func finish(_ failure: (any Error)?)
}

/// What becomes of bytes that were offered.
enum Reception {
  case taken
  /// Not taken: offer the same again after a `resume`.
  case later
  /// Not taken, and nothing more is wanted.
  case refused
}
