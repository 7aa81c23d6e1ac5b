/// What can be wrong with an outcome or its grading.
package enum OutcomeError: Error, Equatable, CustomStringConvertible {
  case emptyRubric
  case rubricTooLong(count: Int)
  /// The grader answered, but not with a verdict.
  case brokenVerdict(String)

  package var description: String {
    switch self {
    case .emptyRubric:
      "The rubric is empty. Write down what a good result has, one criterion a line: the grader judges by "
        + "nothing else."
    case .rubricTooLong(let count):
      "The rubric has \(count) characters; at most \(Rubric.maximumLength) are allowed. Shorten it."
    case .brokenVerdict(let problem):
      "The grader's answer cannot be used: \(problem)."
    }
  }
}
