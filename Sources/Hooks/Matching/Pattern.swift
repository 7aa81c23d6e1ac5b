package import JSON

/// What an event must look like, by the conventions of Amazon EventBridge's event patterns
/// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html).
///
///     match:
///       type: [issues.opened, issues.labeled]        # any of them
///       body:
///         issue: {labels: {name: [bug]}}             # any element of the list `labels`
///         repository: {full_name: [{prefix: "example/"}]}
///         $or: [{issue: {comments: [{numeric: [">", 3]}]}}, {issue: {locked: [true]}}]
///
/// Every field must fit, and one of the conditions of each. A list in the event fits when any of its elements
/// does; where a pattern goes through a list of objects, one element must fit all that the pattern says of it.
/// Fields that the pattern does not name may be anything. One thing is wider than EventBridge: `exists` looks at
/// objects and lists too, not only at plain values.
///
/// A pure value, compiled once; looking at an event changes and stores nothing.
package struct Pattern: Sendable {
  /// One line of an object in the pattern.
  enum Part: Sendable {
    case leaf(name: String, [Condition])
    case object(name: String, Pattern)
    /// `$or`
    case either([Pattern])
  }

  /// In the order of the file, so that the first that fails is the first one reads.
  let parts: [Part]
  /// What it was compiled from; null for a part of another. Equal ones say the same.
  private(set) var json = JSON.null

  /// - Throws: `PatternError` with everything that is wrong.
  package init(_ json: JSON) throws(PatternError) {
    var reader = PatternReader()
    let pattern = reader.read(json)
    guard let pattern, reader.problems.isEmpty else { throw PatternError(problems: reader.problems) }
    self = pattern
    self.json = json
  }

  init(parts: [Part]) {
    self.parts = parts
  }

  package func matches(_ event: JSON) -> Bool { fits(event) }

  /// - Parameter value: nil when there is none.
  func fits(_ value: JSON?) -> Bool {
    switch value {
    case .array(let elements)? where !elements.isEmpty: elements.contains { fits($0) }
    case .object(let object)?:
      parts.allSatisfy { part in
        switch part {
        case .leaf(let name, let conditions): Condition.fits(object[name], conditions)
        case .object(let name, let pattern): pattern.fits(object[name])
        case .either(let patterns): patterns.contains { $0.fits(value) }
        }
      }
    // Neither a missing value nor a plain one has members; only the absence of some can be asked for.
    default:
      parts.allSatisfy { part in
        switch part {
        case .leaf(_, let conditions): Condition.fits(nil, conditions)
        case .object(_, let pattern): pattern.fits(nil)
        case .either(let patterns): patterns.contains { $0.fits(nil) }
        }
      }
    }
  }
}
