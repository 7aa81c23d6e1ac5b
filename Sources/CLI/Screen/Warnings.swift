import Jobs

/// What is most likely a mistake in job files, though they are taken as they are.
enum Warnings {
  static func show(_ warnings: [PlacedProblem]) {
    show(warnings.map(\.description))
  }

  static func show(_ warnings: [String]) {
    for warning in warnings {
      Say.notice(Terminal.errors.paint("warning: ", .waiting) + warning.onOneLine)
    }
  }
}
