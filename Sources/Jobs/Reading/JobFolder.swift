import Catalog
import JSON

/// Reads job files from a folder.
///
/// A folder of jobs has a folder for each job (with its job.yaml) and, beside them, `agents/`,
/// `environments/` and `sources/` with a YAML file for each thing; its name is the file's unless it says
/// otherwise. A single job's folder can be given too: what the job refers to is then taken from the folders
/// beside it.
package enum JobFolder {
  /// - Parameters:
  ///   - path: a folder of jobs, one job's folder, or its job.yaml.
  ///   - kinds: what settings sources and callbacks may have; without them those are not looked at.
  ///   - secrets: given, every reference must lead to a secret here and now.
  ///   - surroundings: given, what will come to nothing there is among the warnings.
  /// - Throws: `JobsError`; `.invalid` tells every problem with its file, line and column.
  package static func load(
    _ path: String, kinds: Kinds? = nil, secrets: Secrets? = nil, surroundings: Surroundings? = nil
  ) throws(JobsError) -> Bundle {
    var loader = JobFolderLoader()
    try loader.load(path)
    do {
      let checked = try loader.bundle.checked(
        kinds: kinds, known: loader.known, secrets: secrets, surroundings: surroundings)
      loader.warnings += (checked.warnings + checked.precautions).map(loader.bundle.places.placed)
    } catch .invalid(let found) {
      // What could not be read is said once, by whoever tried to read it.
      let told = Set(loader.problems.map { [$0.file, $0.path.description] })
      loader.problems += found.filter { !told.contains([$0.file, $0.path.description]) }
    }
    guard loader.problems.isEmpty else { throw .invalid(loader.problems.sorted(by: JobFolder.isBefore)) }
    var bundle = loader.bundle
    bundle.warnings = loader.warnings.sorted(by: JobFolder.isBefore)
    return bundle
  }

  private static func isBefore(_ left: PlacedProblem, _ right: PlacedProblem) -> Bool {
    (left.file ?? "", left.line ?? 0, left.column ?? 0) < (
      right.file ?? "", right.line ?? 0, right.column ?? 0
    )
  }
}

/// Collects a bundle and its problems, file by file.
struct JobFolderLoader {
  private(set) var bundle = Bundle()
  var problems: [PlacedProblem] = []
  var warnings: [PlacedProblem] = []
  /// Names of what is there but not in the bundle: it is broken, or the one job does not need it.
  private(set) var known = Names()
  private var contentSize = 0

  mutating func load(_ given: String) throws(JobsError) {
    var path = given
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    if path.hasSuffix("/job.yaml") { path.removeLast("/job.yaml".count) }
    if path == "job.yaml" { path = "." }
    switch PlainFile.isDirectory(path) {
    case nil: throw .unreadable(path: path, reason: "there is nothing of that name")
    case false?: throw .unreadable(path: path, reason: "it is neither a folder nor a job.yaml")
    case true?: break
    }
    if PlainFile.isDirectory("\(path)/job.yaml") == false {
      job(in: path)
      definitions(beside: path, of: bundle.jobs.first?.definition ?? [:])
    } else {
      for name in try names(in: path) where PlainFile.isDirectory("\(path)/\(name)/job.yaml") == false {
        job(in: "\(path)/\(name)")
      }
      for thing in Thing.allCases {
        for file in try definitions(thing, in: "\(path)/\(thing.rawValue)") {
          noteName(of: file, thing)
          add(thing, file)
        }
      }
    }
    let isEmpty =
      bundle.jobs.isEmpty && bundle.agents.isEmpty && bundle.environments.isEmpty && bundle.sources.isEmpty
    if isEmpty && problems.isEmpty { throw .nothing(path: given) }
  }

  private func names(in path: String) throws(JobsError) -> [String] {
    do {
      return try PlainFile.names(in: path)
    } catch {
      throw .unreadable(path: path, reason: error.reason)
    }
  }

  // MARK: Agents, environments, sources

  private enum Thing: String, CaseIterable {
    case agents, environments, sources
  }

  private struct Definition {
    var name: String
    /// The file's name, with and without its ending.
    var fileName: String
    var stem: String
    var json: JSON
    var file: Places.File
    var problems: [PlacedProblem]
  }

  private mutating func definitions(_ thing: Thing, in folder: String) throws(JobsError) -> [Definition] {
    guard PlainFile.isDirectory(folder) == true else { return [] }
    var definitions: [Definition] = []
    for name in try names(in: folder) {
      guard name.hasSuffix(".yaml") || name.hasSuffix(".yml") else {
        if name.hasSuffix(".json") {
          warnings.append(
            PlacedProblem(
              file: "\(folder)/\(name)",
              "This file is not read: only those that end in .yaml or .yml are. JSON is YAML, so rename it."))
        }
        continue
      }
      let stem = String(name.prefix(upTo: name.lastIndex(of: ".") ?? name.endIndex))
      let (json, file, problems) = JobFolderLoader.yaml("\(folder)/\(name)")
      var definition = Definition(
        name: stem, fileName: name, stem: stem, json: json, file: file, problems: problems)
      if var object = json.objectValue {
        if let own = object["name"]?.stringValue { definition.name = own }
        if object["name"] == nil { object["name"] = .string(stem) }
        definition.json = .object(object)
      }
      definitions.append(definition)
    }
    return definitions
  }

  /// What one job refers to, from the folders beside its own. The others' faults are not this job's.
  private mutating func definitions(beside path: String, of job: JSON) {
    let webhooks = (job["triggers"]?.arrayValue ?? []).compactMap { $0["webhook"]?.stringValue }
    let wanted: [Thing: [String]] = [
      .agents: [job["agent"]?.stringValue].compactMap(\.self),
      .environments: [job["environment"]?.stringValue].compactMap(\.self), .sources: webhooks,
    ]
    for thing in Thing.allCases {
      do {
        for definition in try definitions(thing, in: "\(path)/../\(thing.rawValue)") {
          noteName(of: definition, thing)
          if wanted[thing]?.contains(definition.name) == true {
            add(thing, definition)
          } else {
            know(thing, definition.name)
          }
        }
      } catch {
        problems.append(PlacedProblem(file: "\(path)/../\(thing.rawValue)", error.description))
      }
    }
  }

  private mutating func noteName(of definition: Definition, _ thing: Thing) {
    guard definition.name != definition.stem else { return }
    known.renamed["\(thing.rawValue)/\(definition.stem)"] = (
      "\(thing.rawValue)/\(definition.fileName)", definition.name
    )
  }

  private mutating func add(_ thing: Thing, _ definition: Definition) {
    problems += definition.problems
    guard definition.problems.isEmpty else { return know(thing, definition.name) }
    var file = definition.file
    switch thing {
    case .agents:
      file.prefix = .root.key("agents").index(bundle.agents.count)
      bundle.agents.append(definition.json)
    case .environments:
      file.prefix = .root.key("environments").index(bundle.environments.count)
      bundle.environments.append(definition.json)
    case .sources:
      file.prefix = .root.key("sources").index(bundle.sources.count)
      bundle.sources.append(definition.json)
    }
    bundle.places.files.append(file)
  }

  private mutating func know(_ thing: Thing, _ name: String) {
    switch thing {
    case .agents: known.agents.append(name)
    case .environments: known.environments.append(name)
    case .sources: known.sources.append(name)
    }
  }

  /// A YAML file's content, or why there is none.
  private static func yaml(_ path: String) -> (JSON, Places.File, [PlacedProblem]) {
    do {
      let yaml = YAMLFile(try PlainFile.read(path, limit: YAMLFile.limit), name: path)
      return (yaml.json, Places.File(name: path, prefix: .root, marks: yaml.marks), yaml.problems)
    } catch {
      let problem = PlacedProblem(file: path, "The file cannot be read: \(error.reason).")
      return (.null, Places.File(name: path, prefix: .root, marks: [:]), [problem])
    }
  }

  // MARK: Jobs

  private mutating func job(in folder: String) {
    let path = FieldPath.root.key("jobs").index(bundle.jobs.count)
    var (json, file, found) = JobFolderLoader.yaml("\(folder)/job.yaml")
    problems += found
    guard found.isEmpty else { return }
    file.prefix = path.key("definition")
    bundle.places.files.append(file)
    var entry = Bundle.Entry(definition: json)
    var reader = JobFolderFiles(folder: folder, room: Bundle.contentLimit - contentSize)
    for (path, place) in JobFolderLoader.named(in: json) {
      for (name, bytes) in reader.read(path, at: place) { entry.files[name] = bytes }
    }
    contentSize += entry.files.values.reduce(0) { $0 + $1.count }
    problems += reader.problems.map {
      bundle.places.placed(Problem(file.prefix.appending($0.path), $0.message))
    }
    if PlainFile.isDirectory("\(folder)/rehearsal.yaml") == false {
      var (json, file, found) = JobFolderLoader.yaml("\(folder)/rehearsal.yaml")
      problems += found
      if found.isEmpty {
        entry.rehearsal = json
        file.prefix = path.key("rehearsal")
        bundle.places.files.append(file)
      }
    }
    bundle.jobs.append(entry)
  }

  /// Every path that a job names, and where it does.
  private static func named(in job: JSON) -> [(path: String, place: FieldPath)] {
    var named: [(String, FieldPath)] = []
    func add(_ value: JSON?, _ place: FieldPath) {
      if let path = value?.stringValue { named.append((path, place)) }
    }
    let input = FieldPath.root.key("input")
    add(job["input"]?["message"], input.key("message"))
    add(job["outcome"]?["rubric"], .root.key("outcome").key("rubric"))
    for (index, file) in (job["input"]?["files"]?.arrayValue ?? []).enumerated() {
      add(file["path"], input.key("files").index(index).key("path"))
    }
    for (index, trigger) in (job["triggers"]?.arrayValue ?? []).enumerated() {
      let place = FieldPath.root.key("triggers").index(index).key("exclude")
      for (index, exclusion) in (trigger["exclude"]?.arrayValue ?? []).enumerated()
      where exclusion.stringValue?.hasSuffix(".ics") == true {
        add(exclusion, place.index(index))
      }
    }
    return named
  }
}

extension FieldPath {
  func appending(_ path: FieldPath) -> FieldPath { FieldPath(steps + path.steps) }
}
