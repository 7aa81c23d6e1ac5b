import Primitives
package import Store

/// Store faults on request: the next so many times that a point is passed, it fails.
package final class FaultPlan: Sendable {
  private let planned = Lock<[Faults.Point: Int]>([:])

  package init() {}

  package var faults: Faults {
    Faults { [planned] point in
      let isHit = planned.withLock { planned -> Bool in
        guard let count = planned[point], count > 0 else { return false }
        planned[point] = count - 1
        return true
      }
      if isHit { throw Trouble() }
    }
  }

  package func fail(_ point: Faults.Point, times: Int = 1) {
    planned.withLock { $0[point] = times }
  }

  struct Trouble: Error, CustomStringConvertible {
    var description: String { "Trouble on request." }
  }
}
