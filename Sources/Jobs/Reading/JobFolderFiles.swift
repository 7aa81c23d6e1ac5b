import Reading

/// Reads what a job names by path, and nothing that lies outside of the job's folder.
struct JobFolderFiles {
  private static let depthLimit = 16

  let folder: String
  /// How many bytes may still be read.
  private(set) var room: Int
  /// Their paths are those in job.yaml.
  private(set) var problems: [Problem] = []
  private var count = 0
  /// The folder with every link followed; nil when it is gone.
  private let real: String?

  init(folder: String, room: Int) {
    self.folder = folder
    self.room = room
    real = PlainFile.resolved(folder)
  }

  /// A file, or all files below a directory, under their paths from the job's folder. Hidden ones are left
  /// out.
  mutating func read(_ path: String, at place: FieldPath) -> [(name: String, bytes: [UInt8])] {
    // What leads out of the folder by how it is written is refused where the job is checked.
    guard JobReader.isRelative(path) else { return [] }
    guard PlainFile.resolved("\(folder)/\(path)") != nil else {
      let beside = try? PlainFile.names(in: JobFolderFiles.parent(of: "\(folder)/\(path)"))
      // Without a list of what is there, the sentence does without its hint.
      let name = path.split(separator: "/").last.map(String.init) ?? path
      problems.append(
        Problem(
          place, "There is no file \(quoted(path)) beside job.yaml.\(Nearest.hint(name, among: beside ?? []))"
        ))
      return []
    }
    let before = problems.count
    let found = files(path, at: place, depth: 0)
    if found.isEmpty, problems.count == before {
      problems.append(Problem(place, "There is no file in \(quoted(path)); hidden ones do not count."))
    }
    return found
  }

  private static func parent(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }

  private mutating func files(
    _ path: String, at place: FieldPath, depth: Int
  ) -> [(name: String, bytes: [UInt8])] {
    let whole = "\(folder)/\(path)"
    guard let real, let target = PlainFile.resolved(whole) else {
      problems.append(Problem(place, "\(path) is a link that leads nowhere."))
      return []
    }
    guard target.hasPrefix(real == "/" ? "/" : real + "/") else {
      problems.append(
        Problem(
          place,
          "\(path) leads out of the job's folder, to \(target). Copy what the job needs into its folder."))
      return []
    }
    do {
      if PlainFile.isDirectory(whole) == true {
        guard depth < JobFolderFiles.depthLimit else {
          problems.append(Problem(place, "\(path) lies more than \(JobFolderFiles.depthLimit) folders deep."))
          return []
        }
        var found: [(name: String, bytes: [UInt8])] = []
        for name in try PlainFile.names(in: whole) where count <= JobReader.fileLimit {
          found += files("\(path)/\(name)", at: place, depth: depth + 1)
        }
        return found
      }
      let bytes = try PlainFile.read(whole, limit: room)
      count += 1
      room -= bytes.count
      return [(path, bytes)]
    } catch {
      problems.append(Problem(place, "\(path) cannot be read: \(error)."))
      return []
    }
  }
}
