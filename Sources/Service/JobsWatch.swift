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
  /// - Parameter level: at which changes are told.
  func apply(telling level: Logger.Level = .info) async throws {
    let bundle = try JobFolder.load(directory, kinds: ErrandService.kinds)
    let report = try await jobs.apply(bundle, prune: true)
    for warning in bundle.warnings + report.warnings { log.warning("\(warning)") }
    for line in report.changes { log.log(level: level, "\(line)") }
  }

  func run() async throws {
    var seen = before
    var isBroken = false
    while !Task.isCancelled {
      try await time.sleep(JobsWatch.interval)
      let now = Fingerprint(of: directory)
      if now == seen { continue }
      seen = now
      do {
        // Somebody has just saved a file and looks whether it was taken.
        try await apply(telling: .notice)
        if isBroken { log.notice("The job files of \(directory) are right again, and applied.") }
        isBroken = false
      } catch let error where !(error is CancellationError) {
        isBroken = true
        for line in JobsWatch.lines(of: error) { log.error("\(line)") }
      }
    }
  }

  /// What is said of files that cannot be applied: each problem on a line of its own, as it is looked for in its
  /// own place.
  static func lines(of error: any Error) -> [String] {
    let ending = "What was applied before stays in force."
    guard case JobsError.invalid(let problems) = error else {
      return ["The changed job files were not applied: \(error) \(ending)"]
    }
    let count = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
    return ["The changed job files were not applied, for they have \(count). \(ending)"]
      + problems.map(\.description)
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
