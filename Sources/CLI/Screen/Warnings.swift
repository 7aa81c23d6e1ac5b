import Jobs

/// What is most likely a mistake in job files, though they are taken as they are.
enum Warnings {
  static func show(_ warnings: [PlacedProblem]) {
    for warning in warnings { show(warning.description) }
  }

  static func show(_ warning: String) {
    Say.notice(Terminal.errors.paint("warning: ", .waiting) + warning.onOneLine)
  }
}
