/// When the loop has to look at which connection: a heap with the earliest on top.
///
/// An entry may be out of date, because taking one out of the middle would cost more than ignoring it: the
/// connection knows which of its entries counts.
struct Deadlines {
  typealias Entry = (at: ContinuousClock.Instant, connection: UInt64)
  private var heap: [Entry] = []

  var earliest: ContinuousClock.Instant? { heap.first?.at }

  mutating func add(_ at: ContinuousClock.Instant, connection: UInt64) {
    heap.append((at, connection))
    var child = heap.count - 1
    while child > 0, heap[child].at < heap[(child - 1) / 2].at {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// Takes the earliest entry if its time has come.
  mutating func takeDue(_ now: ContinuousClock.Instant) -> Entry? {
    guard let top = heap.first, top.at <= now else { return nil }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      let left = 2 * parent + 1
      guard left < heap.count else { break }
      let right = left + 1
      let child = right < heap.count && heap[right].at < heap[left].at ? right : left
      guard heap[child].at < heap[parent].at else { break }
      heap.swapAt(parent, child)
      parent = child
    }
    return top
  }
}
