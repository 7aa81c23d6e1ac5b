package import Catalog
import Glibc
package import JSON
package import Jobs
package import Outbox
import Primitives
package import Store

/// A folder on this machine. Each run gets a folder of its own in it: the files the agent made, and
/// `result.json` (`errand-result.json` when the agent made a file of that name). It appears whole or not at all.
package struct DirectoryTarget: Target {
  package static let name = "directory"
  package static let shape = KindShape(
    name: name,
    fields: [
      FieldShape(
        "path", .text, isRequired: true,
        about: "A folder's whole path; each run gets a folder of its own in it, with result.json.")
    ],
    check: { settings in
      guard let path = settings["path"]?.stringValue, let problem = problem(ofPath: path) else { return [] }
      return [Problem(FieldPath.root.key("path"), problem)]
    })

  private let database: Database
  private let files: Files

  package init(database: Database, files: Files) {
    self.database = database
    self.files = files
  }

  package func send(_ delivery: Delivery, settings: JSON) async throws -> Attempt {
    let path = settings["path"]?.stringValue ?? ""
    if let problem = DirectoryTarget.problem(ofPath: path) {
      return .hopeless(reason: "The callback's path is “\(path.prefix(200))”. \(problem)")
    }
    let ids = delivery.payload["data"]?["files"]?.arrayValue?.compactMap { $0["id"]?.stringValue } ?? []
    let deliverables: [File]
    do {
      deliverables = try await database.read { [files] tx in try ids.map { try files.file(tx, $0) } }
    } catch let error as FilesError {
      return .hopeless(reason: String(describing: error))
    }
    do throws(FilesError) {
      // Copying blocks, and may take long.
      let folder = try await Thread.run("directory-callback") { () throws(FilesError) in
        try place(delivery, deliverables, in: path)
      }
      return .delivered(
        receipt: ["path": .string(folder), "files": .integer(Int64(deliverables.count))])
    } catch {
      return .failed(reason: String(describing: error), retryAfter: nil)
    }
  }

  /// Why nothing can be put there; nil when it can be tried, or is not known yet.
  static func problem(ofPath path: String) -> String? {
    if path.contains("{{") {
      return "The path is no template: each run gets a folder of its own below it."
    }
    // What stands before a reference is known.
    if path.hasPrefix("/") || path.hasPrefix("${") { return nil }
    return "Expected a folder's whole path, which begins with \"/\", such as /srv/briefs."
  }

  /// Named by day, job and run, so that folders sort by day and a repeated delivery finds its own.
  static func folder(of delivery: Delivery) -> String {
    let data = delivery.payload["data"]
    let day = data?["created_at"]?.stringValue?.prefix(10) ?? "undated"
    return "\(day)-\(data?["job"]?.stringValue ?? "job")-\(delivery.run)"
  }

  private func place(
    _ delivery: Delivery, _ deliverables: [File], in path: String
  ) throws(FilesError) -> String {
    let final = "\(path)/\(DirectoryTarget.folder(of: delivery))"
    // An earlier attempt got this far and its report was lost.
    if access(final, F_OK) == 0 { return final }
    let partial = "\(path)/.\(delivery.id).partial"
    try makeFolders(path)
    try makeFolders(partial)
    for file in deliverables {
      // A second look at names that came out of a sandbox.
      let parts = file.filename.split(separator: "/", omittingEmptySubsequences: false)
      guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else { continue }
      if parts.count > 1 { try makeFolders("\(partial)/\(parts.dropLast().joined(separator: "/"))") }
      try copy(files.path(ofContent: file.content.sha256), to: "\(partial)/\(file.filename)")
    }
    // The agent's own result.json keeps its name.
    let isTaken = deliverables.contains { $0.filename == "result.json" }
    try write(
      Array(delivery.payload.prettyText.utf8), to: "\(partial)/\(isTaken ? "errand-result" : "result").json")
    try sync(partial)
    guard rename(partial, final) == 0 else { throw FilesError.system(path: final, errno: errno) }
    try sync(path)
    return final
  }

  /// Makes the names in a folder durable: a receipt says that they are there.
  private func sync(_ folder: String) throws(FilesError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(path: folder, errno: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .system(path: folder, errno: errno) }
  }

  private func makeFolders(_ path: String) throws(FilesError) {
    var made = ""
    for part in path.split(separator: "/") {
      made += "/\(part)"
      guard mkdir(made, 0o755) != 0 else { continue }
      let failure = errno
      guard failure == EEXIST || access(made, F_OK) == 0 else {
        throw FilesError.system(path: made, errno: failure)
      }
    }
  }

  private func copy(_ source: String, to target: String) throws(FilesError) {
    let input = open(source, O_RDONLY | O_CLOEXEC)
    guard input >= 0 else { throw FilesError.system(path: source, errno: errno) }
    defer { close(input) }
    let output = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard output >= 0 else { throw FilesError.system(path: target, errno: errno) }
    defer { close(output) }
    while true {
      let count = sendfile(output, input, nil, 1 << 20)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FilesError.system(path: target, errno: errno) }
      if count == 0 { break }
    }
    guard fsync(output) == 0 else { throw FilesError.system(path: target, errno: errno) }
  }

  private func write(_ bytes: [UInt8], to path: String) throws(FilesError) {
    let output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard output >= 0 else { throw FilesError.system(path: path, errno: errno) }
    defer { close(output) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(output, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FilesError.system(path: path, errno: errno) }
      rest = rest.dropFirst(count)
    }
    guard fsync(output) == 0 else { throw FilesError.system(path: path, errno: errno) }
  }
}
