import Glibc
import Jobs
import Logging
import Primitives

/// Applies a folder of job files at the start, and again when something in it has changed.
struct JobsWatch: Sendable {
  /// How often the folder is looked at. A look is a walk over names and times, no file is read.
  static let interval = Duration.seconds(1)

  let directory: String
  let jobs: Jobs
  let time: Time
  let log: Logger
  /// As the folder was before the first `apply`, so that nothing is missed between that and `run`.
  private let before: Fingerprint

  init(directory: String, jobs: Jobs, time: Time, log: Logger) {
    self.directory = directory
    self.jobs = jobs
    self.time = time
    self.log = log
    before = Fingerprint(of: directory)
  }

  /// - Throws: `JobsError`; nothing is applied then.
  func apply() async throws {
    let report = try await jobs.apply(try JobFolder.load(directory), prune: true)
    for line in report.changes { log.info("\(line)") }
  }

  func run() async throws {
    var seen = before
    while !Task.isCancelled {
      try await time.sleep(JobsWatch.interval)
      let now = Fingerprint(of: directory)
      if now == seen { continue }
      seen = now
      do {
        try await apply()
      } catch let error where !(error is CancellationError) {
        // What was applied before stays in force.
        log.error("The changed job files were not applied: \(error)")
      }
    }
  }
}

/// Names, sizes and times of the files in a folder: equal means that nothing was edited.
struct Fingerprint: Equatable {
  /// The most files that are looked at.
  static let limit = 10_000

  private var files: [String: [Int64]] = [:]

  init(of directory: String) {
    walk(directory)
  }

  private mutating func walk(_ directory: String) {
    guard let stream = opendir(directory) else { return }
    defer { closedir(stream) }
    while let entry = readdir(stream), files.count < Fingerprint.limit {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasPrefix(".") { continue }
      let path = "\(directory)/\(name)"
      var status = stat()
      guard lstat(path, &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR {
        walk(path)
      } else {
        files[path] = [
          Int64(status.st_size), Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec),
          Int64(status.st_ino),
        ]
      }
    }
  }
}
