package import Primitives

/// A range of times, open where nothing is given.
package struct TimeRange: Sendable {
  package var after: Timestamp?
  package var from: Timestamp?
  package var before: Timestamp?
  package var to: Timestamp?

  package init() {}

  package func contains(_ time: Timestamp) -> Bool {
    after.map { time > $0 } ?? true && from.map { time >= $0 } ?? true
      && before.map { time < $0 } ?? true && to.map { time <= $0 } ?? true
  }

  package func add(to conditions: inout Conditions, _ column: String) {
    if let after { conditions.add("\(column) > $", after) }
    if let from { conditions.add("\(column) >= $", from) }
    if let before { conditions.add("\(column) < $", before) }
    if let to { conditions.add("\(column) <= $", to) }
  }
}
