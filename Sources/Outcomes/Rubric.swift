/// The text by which the grader judges.
package enum Rubric {
  /// The longest rubric of the wire, in characters.
  package static let maximumLength = 262_144

  /// - Throws: `OutcomeError.emptyRubric`, `OutcomeError.rubricTooLong`.
  package static func validate(_ text: String) throws(OutcomeError) {
    if text.isBlank { throw .emptyRubric }
    let count = text.unicodeScalars.count
    if count > maximumLength { throw .rubricTooLong(count: count) }
  }
}
