/// Something in an expression that is allowed but hardly meant.
package struct CronWarning: Hashable, Sendable {
  /// What kind of oddity; the raw values are part of the API.
  package enum Kind: String, Hashable, Sendable {
    /// A step as large as the span it walks, so that only the first value is left.
    case stepExceedsRange = "step_exceeds_range"
  }

  package let kind: Kind
  /// As in `CronError.field`.
  package let field: String
  /// Of the step, as in `CronError.offset`.
  package let offset: Int
  package let step: Int
  /// How many values the step could choose from.
  package let span: Int
}

extension CronWarning: CustomStringConvertible {
  package var description: String {
    "The step \(step) in the \(field) field at offset \(offset) is as large as its span of \(span) "
      + "\(span == 1 ? "value" : "values") or larger, so only the first value is selected."
  }
}
