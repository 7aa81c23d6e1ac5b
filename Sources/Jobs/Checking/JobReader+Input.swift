import JSON
import Primitives
import Reading
import Sessions

// What a job names by path: its prompt, its files, its rubric.
extension JobReader {
  /// Where files appear in the sandbox.
  static let uploads = "/mnt/session/uploads"
  /// As many as a session can have.
  static let fileLimit = 500
  /// Prompts and rubrics, in bytes.
  static let textLimit = 256 << 10

  // MARK: Input

  func input(
    _ job: Fields
  ) -> (message: String, files: [(path: String, bytes: [UInt8])], repositories: [JobRepository])? {
    guard let input = job.fields("input", "the input", JobShapes.input, required: true) else { return nil }
    let message = text(input, "message", "prompt")
    if let message {
      let name = input["message"]?.stringValue ?? "the prompt"
      do {
        if let first = try Template(message, isPrompt: true).untested.first {
          findings.warn(
            Problem(
              input.path.key("message"),
              "\(name), line \(first.line): \(first.message) Without it the job's first run cannot start."))
        }
      } catch {
        input.add("message", "\(name), line \(error.line): \(error.message)")
      }
    }
    let files = files(input)
    let repositories = repositories(input)
    return message.map { ($0, files, repositories) }
  }

  private func files(_ input: Fields) -> [(path: String, bytes: [UInt8])] {
    var files: [(path: String, bytes: [UInt8])] = []
    var taken: [String] = []
    for (value, path) in input.list("files", limit: JobReader.fileLimit) {
      guard let given = Fields(value, at: path, "an input file", JobShapes.file, findings),
        let source = relativePath(given, "path")
      else { continue }
      let mount: String
      if given["mount"] != nil {
        guard let chosen = mountPath(given) else { continue }
        mount = chosen
      } else {
        mount = "\(JobReader.uploads)/\(source)"
      }
      guard let found = contents(of: source) else {
        given.add("path", missing(source))
        continue
      }
      for (name, bytes) in found {
        let inside = name.isEmpty ? mount : "\(mount)/\(name)"
        // Of what is more than fits, only that is said.
        if taken.count < JobReader.fileLimit,
          let other = taken.first(where: { MountPath.collide($0, inside) })
        {
          given.add(
            "path",
            other == inside
              ? "Two files would be at \(inside) in the sandbox. Give one another \"mount\"."
              : "\(inside) in the sandbox cannot be beside the file \(other): one lies inside the other. Give one "
                + "another \"mount\".")
        }
        taken.append(inside)
        files.append((inside, bytes))
      }
    }
    if files.count > JobReader.fileLimit {
      input.add("files", "A job has at most \(JobReader.fileLimit) files; here are \(files.count).")
    }
    return files.sorted { $0.path < $1.path }
  }

  /// One file under an empty name, or a directory's files under their paths below it; nil when there is
  /// nothing.
  private func contents(of path: String) -> [(name: String, bytes: [UInt8])]? {
    if let bytes = entry.files[path] { return [("", bytes)] }
    let inside = entry.files.filter { $0.key.hasPrefix(path + "/") }
      .map { (name: String($0.key.dropFirst(path.count + 1)), bytes: $0.value) }
    // The names come from whoever made the bundle, and become paths in a sandbox.
    guard !inside.isEmpty, inside.allSatisfy({ JobReader.isRelative($0.name) }) else { return nil }
    return inside
  }

  private func mountPath(_ given: Fields) -> String? {
    guard let mount = given.text("mount", length: 1...1024) else { return nil }
    let prefix = JobReader.uploads + "/"
    guard mount.hasPrefix(prefix), JobReader.isRelative(String(mount.dropFirst(prefix.count))) else {
      given.add(
        "mount", "Expected a path below \(JobReader.uploads), without \"..\", found \(quoted(mount)).")
      return nil
    }
    return mount
  }

  // MARK: Outcome

  func outcome(_ job: Fields) -> JobOutcome? {
    guard let given = job.fields("outcome", "an outcome", JobShapes.outcome) else { return nil }
    let description = given.text("description", required: true, length: 1...10_000)
    let hasChecks = given["checks"]?.arrayValue?.isEmpty == false
    if given["rubric"] == nil, !hasChecks {
      given.findings.add(
        given.path,
        "An outcome needs \"rubric\", the file by which a grader judges the result, or \"checks\", commands that must "
          + "exit 0; it may have both.")
    }
    let rubric = given["rubric"] == nil ? nil : text(given, "rubric", "rubric")
    var names: Set<String> = []
    let checks = given.list("checks", limit: 20).compactMap { value, path -> Check? in
      guard let check = Fields(value, at: path, "a check", JobShapes.check, findings),
        let name = check.text("name", required: true, length: 1...100),
        let run = check.text("run", required: true, length: 1...10_000)
      else { return nil }
      if !names.insert(name).inserted { check.add("name", "There are two checks named \(quoted(name)).") }
      return Check(name: name, run: run)
    }
    let iterations = given.whole("max_iterations", in: 1...Outcome.maximumIterations)
    guard let description, rubric != nil || !checks.isEmpty else { return nil }
    return JobOutcome(
      description: description, rubric: rubric, checks: checks,
      maxIterations: iterations ?? Outcome.defaultIterations)
  }

  // MARK: Paths

  /// The content of a named file, which must say something.
  private func text(_ given: Fields, _ key: String, _ thing: String) -> String? {
    if given[key] == nil {
      _ = given.text(key, required: true)
      return nil
    }
    guard let path = relativePath(given, key) else { return nil }
    guard let bytes = entry.files[path] else {
      given.add(key, missing(path))
      return nil
    }
    guard bytes.count <= JobReader.textLimit else {
      given.add(key, "\(path) has \(bytes.count) bytes; a \(thing) has at most \(JobReader.textLimit).")
      return nil
    }
    let text: String
    do {
      // As in the texts of YAML, whatever the editor writes at the end of a line.
      text = FileText.withLineFeeds(try FileText.read(bytes))
    } catch {
      given.add(key, error.description.replacing("The file", with: path))
      return nil
    }
    guard text.contains(where: { !$0.isWhitespace }) else {
      given.add(key, "\(path) is empty. Write the \(thing) into it.")
      return nil
    }
    return text
  }

  private func missing(_ path: String) -> String {
    "There is no file \(quoted(path)) beside job.yaml.\(Nearest.hint(path, among: entry.files.keys.sorted()))"
  }

  private func relativePath(_ given: Fields, _ key: String) -> String? {
    guard let path = given.text(key, required: true, length: 1...512) else { return nil }
    guard JobReader.isRelative(path) else {
      given.add(
        key,
        "Expected a path inside the folder of job.yaml, such as notes/today.md, without \"..\" "
          + "and \"/\" at its ends, found \(quoted(path)).")
      return nil
    }
    return path
  }

  /// Whether a path can lead nowhere but below where it starts, links aside.
  static func isRelative(_ path: String) -> Bool {
    !path.utf8.contains(0)
      && path.split(separator: "/", omittingEmptySubsequences: false)
        .allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255 }
  }
}
