package import Catalog
package import JSON

/// What an `apply` did, thing by thing.
package struct ApplyReport: Sendable, Equatable {
  package struct Line: Sendable, Equatable, CustomStringConvertible {
    /// `agent`, `environment`, `source` or `job`.
    package var thing: String
    package var name: String
    package var change: Change

    /// `job daily-brief created`
    package var description: String { "\(thing) \(name) \(change.rawValue)" }
  }

  /// Everything that was looked at.
  package var lines: [Line] = []

  /// What is different now.
  package var changes: [Line] { lines.filter { $0.change != .unchanged } }

  mutating func add(_ thing: String, _ name: String, _ change: Change) {
    lines.append(Line(thing: thing, name: name, change: change))
  }

  package var json: JSON {
    [
      "type": "apply_report",
      "things": .array(
        lines.map {
          ["thing": .string($0.thing), "name": .string($0.name), "change": .string($0.change.rawValue)]
        }),
    ]
  }
}
