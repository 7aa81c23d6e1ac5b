import FileSystem
import Glibc
import Processes

/// Where one try keeps everything: a folder of its own, which stays when it is over.
struct TryFolder: Sendable {
  let root: String

  /// The server's data directory.
  var data: String { "\(root)/data" }
  /// The copy of the job files.
  var jobs: String { "\(root)/jobs" }
  /// Where the job's directory callback puts its results.
  var briefs: String { "\(root)/briefs" }
  /// Where repositories lie that stand in for those at GitHub. Addresses of repositories are plain text, so it
  /// is a temporary folder when the path of this one is not.
  let remotes: String
  /// What the server says.
  var log: String { "\(root)/serve.log" }

  /// - Parameter path: nil makes a new folder below `$TMPDIR`.
  /// - Throws: `Complaint`.
  init(_ path: String?, environment: [String: String] = ProcessEnvironment.all) throws {
    root = try path.map(TryFolder.absolute) ?? TryFolder.temporary(environment)
    let isPlain = root.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
      default: "/-._~+".utf8.contains(byte)
      }
    }
    remotes = isPlain ? "\(root)/remotes" : try TryFolder.temporary([:])
    for folder in [briefs, jobs, remotes] where mkdir(folder, 0o700) != 0 && errno != EEXIST {
      throw TryFolder.complaint(folder)
    }
  }

  /// A new folder below `$TMPDIR`.
  private static func temporary(_ environment: [String: String]) throws -> String {
    let base = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var template = Array("\(base)/errand-try-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw complaint(base) }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Makes the folder when it is not there; the server needs absolute paths.
  private static func absolute(_ path: String) throws -> String {
    if mkdir(path, 0o700) != 0 && errno != EEXIST { throw complaint(path) }
    guard let real = realpath(path, nil) else { throw complaint(path) }
    defer { free(real) }
    return String(cString: real)
  }

  private static func complaint(_ path: String) -> Complaint {
    .setUp("\(path) can't be used: \(String(cString: strerror(errno))). Name another folder with --data.")
  }

  /// Copies the parts of a folder of jobs that the stories need.
  func copyJobs(_ names: [String], from gallery: String) async throws {
    for part in names + ["agents", "environments", "sources"] {
      let copied = try await Command(
        ["cp", "-R", "\(gallery)/\(part)", "\(jobs)/"], environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"]
      ).run()
      if copied.exit != .code(0) {
        throw Complaint.setUp("The job files can't be copied: \(copied.errorText.onOneLine)")
      }
    }
  }

  /// Gives the copied job a schedule of its own, in place of the one it has.
  func writeSchedule(_ expression: String) throws {
    try edit("daily-brief/job.yaml", "has no schedule that could be replaced") { text in
      TryFolder.replacingSchedule(in: text, with: expression)
    }
  }

  /// Adds settings to a callback of a copied job: the address of a stand-in, for instance.
  /// - Parameter settings: in YAML, such as `api: http://127.0.0.1:4711`.
  func addSettings(_ settings: String, toCallback kind: String, of job: String) throws {
    try edit("\(job)/job.yaml", "has no callback \(kind) in braces") { text in
      text.contains("- \(kind): {") ? text.replacing("- \(kind): {", with: "- \(kind): {\(settings), ") : nil
    }
  }

  /// Puts one file of a copied job in the place of another.
  func copy(_ file: String, over other: String, of job: String) throws {
    let text = String(decoding: try InputFile.read("\(jobs)/\(job)/\(file)"), as: UTF8.self)
    try edit("\(job)/\(other)", "") { _ in text }
  }

  /// - Parameter problem: what is wrong with the file when `change` gives nil.
  private func edit(_ file: String, _ problem: String, _ change: (String) -> String?) throws {
    let path = "\(jobs)/\(file)"
    let text = String(decoding: try InputFile.read(path), as: UTF8.self)
    guard let changed = change(text) else { throw Complaint.setUp("\(path) \(problem).") }
    let file = try Descriptor.open(path, O_WRONLY | O_TRUNC)
    do throws(FileFault) {
      try FileBytes.write(changed.utf8, to: file.number)
    } catch {
      throw TryFolder.complaint(path)
    }
  }

  /// The job file with its first schedule named anew, read in UTC; nil when it has none.
  static func replacingSchedule(in text: String, with expression: String) -> String? {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let place = lines.firstIndex(where: { value(of: "schedule", in: $0) != nil }) else { return nil }
    replace("schedule", in: &lines[place], with: "\"\(expression)\"")
    if lines.indices.contains(place + 1) { replace("timezone", in: &lines[place + 1], with: "UTC") }
    return lines.joined(separator: "\n")
  }

  private static func value(of key: String, in line: String) -> Range<String.Index>? {
    let bare = line.drop { $0 == " " || $0 == "-" }
    guard bare.hasPrefix("\(key):") else { return nil }
    return bare.index(bare.startIndex, offsetBy: key.count + 1)..<line.endIndex
  }

  private static func replace(_ key: String, in line: inout String, with value: String) {
    guard let range = self.value(of: key, in: line) else { return }
    line.replaceSubrange(range, with: " \(value)")
  }
}
