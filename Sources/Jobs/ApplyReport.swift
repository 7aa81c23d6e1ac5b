package import Catalog
package import JSON

/// What an `apply` did, thing by thing.
package struct ApplyReport: Sendable, Equatable {
  package struct Line: Sendable, Equatable, CustomStringConvertible {
    /// `agent`, `environment`, `source` or `job`.
    package var thing: String
    package var name: String
    package var change: Change
    /// Its id; nil for a source, which has none.
    package var id: String?
    /// Of an agent.
    package var version: Int?

    /// `job daily-brief created`
    package var description: String { "\(thing) \(name) \(change.rawValue)" }
  }

  /// Everything that was looked at.
  package var lines: [Line] = []
  /// What whoever applied it should know, in sentences.
  package var warnings: [String] = []

  /// What is different now.
  package var changes: [Line] { lines.filter { $0.change != .unchanged } }

  mutating func add(
    _ thing: String, _ name: String, _ change: Change, id: String? = nil, version: Int? = nil
  ) {
    lines.append(Line(thing: thing, name: name, change: change, id: id, version: version))
  }

  package var json: JSON {
    [
      "type": "apply_report",
      "things": .array(
        lines.map { line in
          var thing: JSON.Object = [
            "thing": .string(line.thing), "name": .string(line.name), "change": .string(line.change.rawValue),
          ]
          if let id = line.id { thing["id"] = .string(id) }
          if let version = line.version { thing["version"] = .integer(Int64(version)) }
          return .object(thing)
        }),
      "warnings": .array(warnings.map { .string($0) }),
    ]
  }
}
