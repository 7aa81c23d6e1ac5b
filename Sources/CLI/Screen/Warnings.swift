import Jobs
import Service

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

  /// Loads job files; where they have problems, what was warned of is told all the same.
  static func load(_ path: String, secrets: Secrets? = nil) throws(JobsError) -> Bundle {
    do throws(JobsError) {
      let loaded = try JobFolder.load(path, kinds: ErrandService.kinds, secrets: secrets)
      show(loaded.warnings)
      return loaded
    } catch {
      if case .invalid = error { show(JobFolder.read([path]).warnings) }
      throw error
    }
  }
}
