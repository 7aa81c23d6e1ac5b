/// Bytes of which the beginning and the end are kept, and the rest counted.
package struct Capture: Sendable {
  package let headLimit: Int
  package let tailLimit: Int
  package private(set) var head: [UInt8] = []
  /// How many bytes there were in all.
  package private(set) var total = 0
  private var recent: [UInt8] = []

  package init(head: Int, tail: Int = 0) {
    headLimit = head
    tailLimit = tail
  }

  /// What came after the head, its last `tailLimit` bytes.
  package var tail: ArraySlice<UInt8> { recent.suffix(tailLimit) }
  /// How many bytes between head and tail were dropped.
  package var dropped: Int { total - head.count - tail.count }
  /// Head and tail together; whole when nothing was dropped.
  package var bytes: [UInt8] { head + tail }

  package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    total += bytes.count
    let room = min(headLimit - head.count, bytes.count)
    if room > 0 { head.append(contentsOf: bytes[..<room]) }
    guard tailLimit > 0 else { return }
    recent.append(contentsOf: bytes.dropFirst(max(room, bytes.count - tailLimit)))
    // Trimmed only now and then, so that a flood of small pieces does not move the tail each time.
    if recent.count > max(2 * tailLimit, 65_536) { recent.removeFirst(recent.count - tailLimit) }
  }
}
