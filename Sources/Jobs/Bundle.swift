package import JSON
import Primitives
import Reading

/// Everything that one `apply` brings: definitions as their authors wrote them, and the contents of the files
/// they name. It travels as JSON, and whoever takes it checks it again.
package struct Bundle: Sendable {
  package struct Entry: Sendable, Equatable {
    /// The content of job.yaml.
    package var definition: JSON
    /// The contents of what it names, by path relative to job.yaml.
    package var files: [String: [UInt8]]
    /// The content of rehearsal.yaml, if there is one.
    package var rehearsal: JSON?

    package init(definition: JSON, files: [String: [UInt8]] = [:], rehearsal: JSON? = nil) {
      self.definition = definition
      self.files = files
      self.rehearsal = rehearsal
    }
  }

  /// Bodies of `POST /v1/agents`.
  package var agents: [JSON]
  /// Bodies of `POST /v1/environments`.
  package var environments: [JSON]
  /// Source files, each with its name.
  package var sources: [JSON]
  package var jobs: [Entry]
  /// The files that it was read from; none when it came as JSON.
  var places = Places()
  /// The folder that each job was read from, in the order of `jobs`; empty when it came as JSON.
  var roots: [String] = []
  /// What is most likely a mistake in those files, but need not be one.
  package internal(set) var warnings: [PlacedProblem] = []

  /// So many bytes of files at most, over all jobs.
  package static let contentLimit = 32 << 20

  package init(agents: [JSON] = [], environments: [JSON] = [], sources: [JSON] = [], jobs: [Entry] = []) {
    self.agents = agents
    self.environments = environments
    self.sources = sources
    self.jobs = jobs
  }

  /// `{agents, environments, sources, jobs: [{definition, files: {path: base64}, rehearsal?}]}`
  package var json: JSON {
    [
      "agents": .array(agents), "environments": .array(environments), "sources": .array(sources),
      "jobs": .array(
        jobs.map { entry in
          let files = entry.files.sorted { $0.key < $1.key }
            .map { ($0.key, JSON.string(Base64.encode($0.value))) }
          var object: JSON.Object = [
            "definition": entry.definition, "files": .object(JSON.Object(uniqueKeysWithValues: files)),
          ]
          if let rehearsal = entry.rehearsal { object["rehearsal"] = rehearsal }
          return .object(object)
        }),
    ]
  }

  /// Reads what `json` writes; every list may be left out.
  /// - Throws: `JobsError.invalid`.
  package init(json: JSON) throws(JobsError) {
    let findings = Findings()
    var bundle = Bundle()
    // The last three are for whoever applies it.
    let keys = ["agents", "environments", "sources", "jobs", "prune", "keeper", "folder"]
    if let given = Fields(json, "a bundle", keys: keys, findings) {
      bundle.agents = given.list("agents", limit: 1000).map(\.value)
      bundle.environments = given.list("environments", limit: 1000).map(\.value)
      bundle.sources = given.list("sources", limit: 1000).map(\.value)
      bundle.jobs = given.list("jobs", limit: 1000).compactMap { Bundle.entry($0, $1, findings) }
    }
    guard findings.problems.isEmpty else {
      throw .invalid(findings.problems.map { PlacedProblem(path: $0.path, $0.message) })
    }
    self = bundle
  }

  /// The bundle with everything in it checked.
  /// - Parameters:
  ///   - kinds: nil leaves the settings of sources and callbacks alone.
  ///   - known: what the jobs may refer to besides.
  ///   - secrets: where references are looked up; nil when only their form is checked.
  ///   - surroundings: where they are to run; given, what will come to nothing there is warned of.
  /// - Throws: `JobsError.invalid` with every problem in its place.
  func checked(
    kinds: Kinds?, known: Names = Names(), secrets: Secrets? = nil, surroundings: Surroundings? = nil,
    now: Timestamp = Time.system.now()
  ) throws(JobsError) -> CheckedBundle {
    let reader = BundleReader(kinds: kinds, known: known, secrets: secrets)
    var checked = reader.read(self)
    let problems = reader.findings.problems
    guard problems.isEmpty else { throw .invalid(problems.map(places.placed)) }
    if let surroundings {
      let precautions = Precautions(surroundings: surroundings, now: now, kinds: kinds, known: known)
      checked.precautions = precautions.warnings(of: checked, self)
    }
    return checked
  }

  private static func entry(_ value: JSON, _ path: FieldPath, _ findings: Findings) -> Entry? {
    let keys = ["definition", "files", "rehearsal"]
    guard let given = Fields(value, at: path, "a job in a bundle", keys: keys, findings) else { return nil }
    var entry = Entry(definition: given["definition"] ?? [:], rehearsal: given["rehearsal"])
    if given["definition"] == nil {
      findings.add(path, "\"definition\" is missing. Add the content of job.yaml.")
    }
    if let files = given.fields("files", "a job's files", keys: nil) {
      for (name, value) in files.object {
        guard let bytes = value.stringValue.flatMap(Base64.decode) else {
          files.add(name, "Expected the file's content in base64.")
          continue
        }
        entry.files[name] = bytes
      }
    }
    return entry
  }
}

extension Bundle: Equatable {
  /// Where it was read from makes no difference.
  package static func == (left: Bundle, right: Bundle) -> Bool {
    left.agents == right.agents && left.environments == right.environments && left.sources == right.sources
      && left.jobs == right.jobs
  }
}
