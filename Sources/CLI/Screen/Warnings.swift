import Jobs

/// What is most likely a mistake in job files, though they are taken as they are.
enum Warnings {
  static func show(_ warnings: [PlacedProblem]) {
    for warning in warnings { Say.notice(Terminal.errors.paint("warning: ", .waiting) + warning.description) }
  }
}
