import Catalog
import JSON
import Reading

/// Collects a bundle and its problems, file by file.
struct JobFolderLoader {
  /// The folders with definitions; each file in them is one thing.
  enum Thing: String, CaseIterable {
    case agents, environments, sources

    /// `agent`
    var one: String { String(rawValue.dropLast()) }
  }

  var bundle = Bundle()
  var problems: [PlacedProblem] = []
  var warnings: [PlacedProblem] = []
  /// Names of what is there but not in the bundle: it is broken, or the one job does not need it.
  private(set) var known = Names()
  /// Every file that was read, or should have been.
  private(set) var files: [String: JobFolderReading.File] = [:]
  private var contentSize = 0
  /// What is being loaded, as an absolute path.
  private(set) var root = ""
  /// So many folders are looked into.
  var folders = 0

  static let jobFiles = ["job.yaml", "job.yml"]
  static let rehearsalFiles = ["rehearsal.yaml", "rehearsal.yml"]

  var count: Int {
    bundle.jobs.count + bundle.agents.count + bundle.environments.count + bundle.sources.count
  }
  var isEmpty: Bool { count == 0 && problems.isEmpty }

  /// Reads a folder of jobs, or one job.
  mutating func load(_ given: String) throws(JobsError) {
    let path: String
    (path, root) = place(given)
    switch PlainFile.isDirectory(path) {
    case nil: throw .unreadable(path: path, reason: "there is nothing of that name")
    case false?: throw .unreadable(path: path, reason: "it is neither a folder nor a job.yaml")
    case true?: break
    }
    let names = try names(in: path)
    if names.contains(where: JobFolderLoader.jobFiles.contains) {
      job(in: path, names)
      definitions(beside: path, of: bundle.jobs.last?.definition ?? [:])
    } else {
      walk(path, names, above: [])
    }
  }

  /// The folder that somebody named, and how it is known.
  func place(_ given: String) -> (path: String, root: String) {
    var path = given
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    for name in JobFolderLoader.jobFiles {
      if path.hasSuffix("/\(name)") { path.removeLast(name.count + 1) }
      if path == name { path = "." }
    }
    return (path, PlainFile.absolute(path))
  }

  func names(in path: String) throws(JobsError) -> [String] {
    do {
      return try PlainFile.names(in: path)
    } catch {
      throw .unreadable(path: path, reason: "\(error)")
    }
  }

  // MARK: Agents, environments, sources

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
        warnIfMeant(name, in: folder)
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

  /// All definitions of one kind in a folder.
  mutating func add(_ thing: Thing, in folder: String) {
    do {
      for file in try definitions(thing, in: folder) {
        noteName(of: file, thing)
        add(thing, file)
      }
    } catch {
      broken(folder, JobFolderReading.File(thing: "folder"), error.description)
    }
  }

  /// Something that cannot be read at all.
  mutating func broken(_ path: String, _ file: JobFolderReading.File, _ message: String) {
    files[path] = file
    problems.append(PlacedProblem(file: path, message))
  }

  /// So many folders up from a job's own are looked at for what it refers to.
  private static let climb = 4

  /// What one job refers to, from the folders beside its own, or beside those it lies in; the nearest counts. The
  /// others' faults are not this job's.
  private mutating func definitions(beside path: String, of job: JSON) {
    let webhooks = (job["triggers"]?.arrayValue ?? []).compactMap { $0["webhook"]?.stringValue }
    let wanted: [Thing: [String]] = [
      .agents: [job["agent"]?.stringValue].compactMap(\.self),
      .environments: [job["environment"]?.stringValue].compactMap(\.self), .sources: webhooks,
    ]
    for thing in Thing.allCases {
      var found: Set<String> = []
      var folder = path
      for _ in 0..<JobFolderLoader.climb {
        folder += "/.."
        do {
          for definition in try definitions(thing, in: "\(folder)/\(thing.rawValue)")
          where found.insert(definition.name).inserted {
            noteName(of: definition, thing)
            if wanted[thing]?.contains(definition.name) == true {
              add(thing, definition)
            } else {
              know(thing, definition.name)
            }
          }
        } catch {
          problems.append(PlacedProblem(file: "\(folder)/\(thing.rawValue)", error.description))
        }
        if wanted[thing]?.allSatisfy(found.contains) ?? true { break }
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
    files[definition.file.name] = JobFolderReading.File(thing: thing.one, name: definition.name)
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
      let link = PlainFile.isDirectory(path) == nil ? PlainFile.target(of: path) : nil
      let reason = link.map { "it is a link that leads nowhere, to \($0)" } ?? "\(error)"
      let problem = PlacedProblem(file: path, "The file cannot be read: \(reason).")
      return (.null, Places.File(name: path, prefix: .root, marks: [:]), [problem])
    }
  }

  // MARK: Jobs

  /// - Parameter names: what lies in the folder.
  mutating func job(in folder: String, _ names: [String]) {
    let path = FieldPath.root.key("jobs").index(bundle.jobs.count)
    let file = "\(folder)/\(names.first(where: JobFolderLoader.jobFiles.contains) ?? "job.yaml")"
    let last = folder.split(separator: "/").last.map(String.init)
    guard let definition = one(of: JobFolderLoader.jobFiles, in: folder, names, as: path.key("definition"))
    else {
      files[file] = JobFolderReading.File(thing: "job", name: last)
      return
    }
    files[file] = JobFolderReading.File(thing: "job", name: definition["name"]?.stringValue ?? last)
    var entry = Bundle.Entry(definition: definition)
    var reader = JobFolderFiles(folder: folder, room: Bundle.contentLimit - contentSize)
    let named = JobFolderLoader.named(in: definition)
    for (path, place) in named {
      for (name, bytes) in reader.read(path, at: place) { entry.files[name] = bytes }
    }
    contentSize += entry.files.values.reduce(0) { $0 + $1.count }
    problems += reader.problems.map {
      bundle.places.placed(Problem(path.key("definition").appending($0.path), $0.message))
    }
    if names.contains(where: JobFolderLoader.rehearsalFiles.contains) {
      let place = path.key("rehearsal")
      entry.rehearsal = one(of: JobFolderLoader.rehearsalFiles, in: folder, names, as: place)
      for name in JobFolderLoader.rehearsalFiles {
        files["\(folder)/\(name)"] = files[file]
      }
    }
    bundle.jobs.append(entry)
    bundle.roots.append(root)
    warnOfRest(in: folder, names, named: Set(entry.files.keys).union(named.map(\.path)))
  }

  /// The content of a file that may have either of two names; nil, with a problem, when there is no content.
  private mutating func one(
    of choice: [String], in folder: String, _ names: [String], as prefix: FieldPath
  ) -> JSON? {
    let there = names.filter(choice.contains)
    if there.count > 1 {
      problems.append(
        PlacedProblem(file: "\(folder)/\(there[0])", "There is \(there[1]) too. Keep one of them."))
      return nil
    }
    var (json, file, found) = JobFolderLoader.yaml("\(folder)/\(there[0])")
    problems += found
    guard found.isEmpty else { return nil }
    file.prefix = prefix
    bundle.places.files.append(file)
    return json
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
