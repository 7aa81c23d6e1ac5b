import Callbacks
import Catalog
import FileSystem
import Glibc
import JSON
import Jobs
import Outbox
import Primitives
import Processes
import Reading
import Store

/// A folder on this machine. Each run gets a folder of its own in it: the files the agent made, and
/// `result.json`. It appears whole or not at all.
///
/// An agent's files keep their names. When one is called `result.json`, Errand's is `errand-result.json`; when that
/// is taken too, `2-errand-result.json` and so on. The receipt names it.
struct DirectoryTarget: SuppliedTarget {
  static let name = "directory"
  static let shape = KindShape(
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

  init(_ supplies: Supplies) {
    database = supplies.database
    files = supplies.files
  }

  func send(_ delivery: Delivery, settings: JSON) async throws -> Attempt {
    let path = settings["path"]?.stringValue ?? ""
    if let problem = DirectoryTarget.problem(ofResolved: path) {
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
      let (folder, result) = try await Thread.run("directory-callback") { () throws(FilesError) in
        try place(delivery, deliverables, in: path)
      }
      var receipt: JSON.Object = ["path": .string(folder), "files": .integer(Int64(deliverables.count))]
      if result != "result.json" { receipt["result"] = .string(result) }
      return .delivered(receipt: .object(receipt))
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
    return path.hasPrefix("${") ? nil : problem(ofResolved: path)
  }

  private static func problem(ofResolved path: String) -> String? {
    if path.hasPrefix("/") { return nil }
    return "Expected a folder's whole path, which begins with \"/\", such as /srv/briefs."
  }

  /// Named by day, job and run, so that folders sort by day and a repeated delivery finds its own.
  static func folder(of delivery: Delivery) -> String {
    let data = delivery.payload["data"]
    let day = data?["created_at"]?.stringValue?.prefix(10) ?? "undated"
    return "\(day)-\(data?["job"]?.stringValue ?? "job")-\(delivery.run)"
  }

  /// Everything is written into a folder that nobody else knows, which then gets its name at once. Nothing below the
  /// operator's path is followed if it is a link, nor replaced.
  private func place(
    _ delivery: Delivery, _ deliverables: [File], in path: String
  ) throws(FilesError) -> (path: String, result: String) {
    let (base, name) = (try OwnFolder.base(path), DirectoryTarget.folder(of: delivery))
    let (own, result) = (Array(delivery.payload.prettyText.utf8), DirectoryTarget.resultName(deliverables))
    let final = "\(path)/\(name)"
    if try DirectoryTarget.holds(base, name, own, result) { return (final, result) }
    let (partialName, partial) = try base.newFolder(".\(delivery.id).partial")
    var isPlaced = false
    defer { if !isPlaced { base.remove(partialName, partial) } }
    for file in deliverables where DirectoryTarget.isInside(file.filename) {
      let source = try files.verified(file.content.sha256)
      try partial.write(file.filename) { target throws(FilesError) in
        try DirectoryTarget.copy(source, to: target)
      }
    }
    try partial.write(result) { target throws(FilesError) in
      try DirectoryTarget.write(own, to: target, "\(final)/\(result)")
    }
    isPlaced = try base.place(partial, named: partialName, as: name)
    if isPlaced { return (final, result) }
    // Somebody was faster: another process with the same delivery, or a stranger.
    guard try DirectoryTarget.holds(base, name, own, result) else { throw .taken(path: final) }
    return (final, result)
  }

  /// Whether an earlier attempt got this far and its report was lost: a folder of ours with this very result in it.
  private static func holds(
    _ base: OwnFolder, _ name: String, _ own: [UInt8], _ result: String
  ) throws(FilesError) -> Bool {
    guard let folder = try base.folder(name) else { return false }
    return (try folder.content(result, limit: own.count)) == own
  }

  /// The name of Errand's own file. All others are the agent's choice, so ours makes way.
  static func resultName(_ deliverables: [File]) -> String {
    // What lies on the top, files and folders.
    let taken = Set(deliverables.compactMap { $0.filename.split(separator: "/").first.map(String.init) })
    if !taken.contains("result.json") { return "result.json" }
    return Files.freeName("errand-result.json", besides: taken)
  }

  /// A second look at names that came out of a sandbox.
  private static func isInside(_ name: String) -> Bool {
    name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
      !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0)
    }
  }

  private static func copy(_ source: String, to target: Descriptor) throws(FilesError) {
    let input = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard input >= 0 else { throw .system(path: source, errno: errno) }
    defer { close(input) }
    while true {
      let count = sendfile(target.number, input, nil, 1 << 20)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .system(path: source, errno: errno) }
      if count == 0 { return }
    }
  }

  private static func write(_ bytes: [UInt8], to target: Descriptor, _ path: String) throws(FilesError) {
    do throws(FileFault) {
      try FileBytes.write(bytes, to: target.number)
    } catch {
      throw .system(path: path, errno: error.errno)
    }
  }
}
