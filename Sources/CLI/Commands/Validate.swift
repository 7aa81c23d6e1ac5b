import ArgumentParser
import JSON
import Jobs
import Reading
import Service

/// `errand validate`
struct Validate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Check job files on this machine, without a server.",
    discussion: """
      Every problem is told with its file, line and column. Exits with \(ExitCodes.badInput.rawValue) if there is one; \
      warnings change nothing. What a server with this environment could not do is warned of: secrets that are not \
      set, repositories on this machine that are not allowed, times that have passed.

      EXAMPLES:
        errand validate Jobs
        errand validate Jobs/daily-brief --secrets
        errand validate Jobs --json | jq -r '.findings[].message'
      """)

  @Argument(help: "A folder of jobs, or of one job.")
  var path: String

  @Flag(
    help:
      "Secrets that are referred to and are not there in this environment, or cannot be used, are problems.")
  var secrets = false
  @Flag(help: "Check for a server that plays rehearsals: `errand serve --rehearse`.")
  var rehearse = false
  @Flag(help: "Print what was found as JSON, one document, and nothing else.")
  var json = false

  func run() async throws {
    var configuration = Configuration(dataDirectory: "", environment: ProcessEnvironment.all)
    configuration.rehearses = rehearse
    let loaded: Bundle
    switch load(configuration.surroundings) {
    case .success(let bundle): loaded = bundle
    case .failure(.invalid(let problems)) where json:
      Say.output(Validate.document(path, problems.map { ($0, "error") }, valid: false).shownText)
      throw ExitCode(ExitCodes.badInput.rawValue)
    case .failure(let error):
      // What was warned of is told all the same.
      if case .invalid = error { Warnings.show(JobFolder.read([path]).warnings) }
      throw error
    }
    var warnings = loaded.warnings
    if !loaded.jobs.isEmpty, let warning = configuration.modelWarning {
      warnings.append(PlacedProblem(warning))
    }
    let things = Validate.counts(loaded.json)
    if json {
      var document = Validate.document(path, warnings.map { ($0, "warning") }, valid: true)
      document["counts"] = .object(
        JSON.Object(uniqueKeysWithValues: things.map { ("\($0.thing)s", .integer(Int64($0.count))) }))
      Say.output(document.shownText)
      return
    }
    Warnings.show(warnings)
    let words = things.filter { $0.count > 0 }.map { EventTeller.count($0.count, $0.thing) }
    Say.output("\(path) is valid: \(words.joined(separator: ", ")).")
  }

  private func load(_ surroundings: Surroundings) -> Result<Bundle, JobsError> {
    Result { () throws(JobsError) in
      try JobFolder.load(
        path, kinds: ErrandService.kinds, secrets: secrets ? surroundings.secrets : nil,
        surroundings: surroundings)
    }
  }

  private static func counts(_ bundle: JSON) -> [(thing: String, count: Int)] {
    ["job", "agent", "environment", "source"].map { thing in
      (thing, bundle["\(thing)s"]?.arrayValue?.count ?? 0)
    }
  }

  /// What was found, each with its place, for programs.
  static func document(
    _ path: String, _ found: [(problem: PlacedProblem, severity: String)], valid: Bool
  ) -> JSON {
    [
      "type": "validation", "path": .string(path), "valid": .bool(valid),
      "findings": .array(
        found.map { problem, severity in
          [
            "severity": .string(severity), "file": .string(orNull: problem.file),
            "line": problem.line.map { .integer(Int64($0)) } ?? .null,
            "column": problem.column.map { .integer(Int64($0)) } ?? .null,
            "path": .string(problem.path.description), "message": .string(problem.message),
          ]
        }),
    ]
  }
}
