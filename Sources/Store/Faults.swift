/// Failures on request, for tests and the simulation: asked at every named point, and what it throws
/// happens there.
package struct Faults: Sendable {
  /// Where a transaction can be hit.
  package enum Point: String, Sendable, CaseIterable {
    /// A closure has run; throwing fails this closure only.
    case afterClosure
    /// Every closure of the batch has run; throwing rolls all of them back.
    case beforeCommit
    /// The commit is on the disk; throwing loses the answer, as a process does that dies here. The callers
    /// get `StoreError.outcomeUnknown`.
    case afterCommit
    /// A read begins; throwing fails the read.
    case beforeRead
  }

  package var at: @Sendable (Point) throws -> Void

  package init(at: @escaping @Sendable (Point) throws -> Void) {
    self.at = at
  }

  /// Nothing fails.
  package static let none = Faults { _ in }
}
