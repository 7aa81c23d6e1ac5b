import Catalog

// The walk over a folder of jobs: which folders are jobs, and what in them looks as if it was meant and is not read.
extension JobFolderLoader {
  private static let depthLimit = 16
  private static let folderLimit = 5000

  /// - Parameters:
  ///   - names: what lies in the folder, which is no job.
  ///   - above: the folders that it lies in, with every link followed.
  mutating func walk(_ folder: String, _ names: [String], above: [String]) {
    let here = PlainFile.resolved(folder) ?? folder
    for name in names {
      let path = "\(folder)/\(name)"
      switch PlainFile.isDirectory(path) {
      case nil: lost(path)
      case false?: warnOfFile(name, in: folder)
      case true?:
        if let thing = Thing(rawValue: name) {
          add(thing, in: path)
        } else {
          enter(path, above: above + [here])
        }
      }
    }
  }

  private mutating func enter(_ folder: String, above: [String]) {
    guard let real = PlainFile.resolved(folder), !above.contains(real) else {
      warn(folder, "This link leads back to a folder that it lies in, and is not followed.")
      return
    }
    folders += 1
    guard above.count <= JobFolderLoader.depthLimit, folders <= JobFolderLoader.folderLimit else {
      let limit =
        folders > JobFolderLoader.folderLimit
        ? "there are more than \(JobFolderLoader.folderLimit) folders"
        : "it lies more than \(JobFolderLoader.depthLimit) folders deep"
      if folders <= JobFolderLoader.folderLimit + 1 {
        broken(folder, JobFolderReading.File(thing: "folder"), "What is in it is not read: \(limit).")
      }
      return
    }
    let names: [String]
    do {
      names = try PlainFile.names(in: folder)
    } catch {
      broken(
        folder, JobFolderReading.File(thing: "folder"), "What is in it cannot be read: \(error).")
      return
    }
    if names.contains(where: JobFolderLoader.jobFiles.contains) {
      job(in: folder, names)
    } else {
      warnOfFolder(folder, names)
      walk(folder, names, above: above)
    }
  }

  /// A link that leads nowhere may have been a job, or many.
  private mutating func lost(_ path: String) {
    let folder = JobFolderReading.File(thing: "folder")
    guard let target = PlainFile.target(of: path) else {
      if let reason = PlainFile.obstacle(at: path) { broken(path, folder, "It cannot be read: \(reason).") }
      return
    }
    broken(
      path, folder,
      "This is a link that leads nowhere, to \(target). Mend it, or remove it.")
  }

  private mutating func warn(_ path: String, _ message: String) {
    warnings.append(PlacedProblem(file: path, message))
  }

  // MARK: What looks as if it was meant

  private static let endings = [".yaml", ".yml", ".json", ".toml", ".yaml.txt", ".yml.txt"]

  /// What a name without its ending is, where the ending is one that a definition could have.
  private static func stem(_ name: String) -> String? {
    let lower = name.lowercased()
    return endings.filter { lower.hasSuffix($0) }.max { $0.count < $1.count }
      .map { String(name.dropLast($0.count)) }
  }

  /// A file in a folder that is no job.
  private mutating func warnOfFile(_ name: String, in folder: String) {
    guard let stem = JobFolderLoader.stem(name) else { return }
    let path = "\(folder)/\(name)"
    if ["job", "jobs"].contains(stem.lowercased()) {
      warn(path, "This file is not read: a job's file is named job.yaml or job.yml. Rename it.")
    } else if JobFolderLoader.looksLikeJob(path) {
      warn(
        path,
        "This file is not read: each job has a folder of its own. Move it to \(stem)/job.yaml, with the files that "
          + "it names.")
    }
  }

  /// A file among definitions that does not end as they do.
  mutating func warnIfMeant(_ name: String, in folder: String) {
    let path = "\(folder)/\(name)"
    if name.hasSuffix(".json") {
      warn(
        path,
        "This file is not read: only those that end in .yaml or .yml are. JSON is YAML, so rename it.")
    } else if let stem = JobFolderLoader.stem(name) {
      warn(
        path,
        "This file is not read: only those that end in .yaml or .yml are. Rename it, such as to \(stem).yaml."
      )
    } else if let inside = try? PlainFile.names(in: path), inside.contains(where: JobFolderLoader.isYAML) {
      warn(path, "This folder is not read: the files lie in \(folder) itself. Move them there.")
    }
  }

  private static func isYAML(_ name: String) -> Bool { name.hasSuffix(".yaml") || name.hasSuffix(".yml") }

  /// A folder that is no job, and has a name much like one of those with definitions.
  private mutating func warnOfFolder(_ folder: String, _ names: [String]) {
    let name = folder.split(separator: "/").last.map { $0.lowercased() } ?? ""
    guard let thing = Thing.allCases.first(where: { name == $0.rawValue || name == $0.one }),
      names.contains(where: JobFolderLoader.isYAML)
    else { return }
    warn(
      folder, "The files in this folder are not read: it must be named \(thing.rawValue). Rename it.")
  }

  /// What lies in a job's folder besides its job file.
  /// - Parameter named: what the job names, by path.
  mutating func warnOfRest(in folder: String, _ names: [String], named: Set<String>) {
    for name in names where !named.contains(name) {
      let path = "\(folder)/\(name)"
      if PlainFile.isDirectory(path) == true {
        guard !named.contains(where: { $0.hasPrefix("\(name)/") }),
          let inside = try? PlainFile.names(in: path),
          let job = inside.first(where: JobFolderLoader.jobFiles.contains)
        else { continue }
        warn(
          "\(path)/\(job)",
          "This file is not read: it lies in another job's folder. Move its folder beside that.")
      } else if let stem = JobFolderLoader.stem(name)?.lowercased() {
        let (files, kind) =
          stem == "rehearsal"
          ? (JobFolderLoader.rehearsalFiles, "rehearsal") : (JobFolderLoader.jobFiles, "job")
        guard stem == kind, !files.contains(name) else { continue }
        warn(path, "This file is not read: a \(kind) is named \(kind).yaml or \(kind).yml. Rename it.")
      }
    }
  }

  /// Whether a file has the fields that every job has, at the beginning of lines.
  private static func looksLikeJob(_ path: String) -> Bool {
    guard let bytes = try? PlainFile.read(path, limit: YAMLFile.limit) else { return false }
    let lines = bytes.split { $0 == 0x0A || $0 == 0x0D }
    return ["agent:", "input:"].allSatisfy { key in lines.contains { $0.starts(with: key.utf8) } }
  }
}
