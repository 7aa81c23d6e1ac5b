import FileSystem
import Glibc
import Jobs
import Logging
import Primitives
import Store

/// Applies folders of job files at the start, and again when something in them has changed.
///
/// One broken file keeps no other from being applied. A job whose files are gone is archived only when they stay
/// gone: a folder that is replaced is not there for a moment.
final class JobsWatch: Sendable {
  /// How often the folders are looked at. A look is a walk over names and times, no file is read.
  static let interval = Duration.seconds(1)
  /// In so many looks, one after the other, a job's files have to be missing.
  static let missingLooks = 4

  /// Each once.
  private let directories: [String]
  private let jobs: Jobs
  private let time: Time
  private let log: Logger
  /// Rung for a look that does not wait for a change.
  private let bell = Bell()

  private struct State {
    /// As the folders were before the latest `apply`, so that nothing is missed between that and the next look.
    var seen: Fingerprint
    /// In how many looks the files of a job, by its id, were missing.
    var missing: [String: Int] = [:]
    var problems: [PlacedProblem] = []
    /// What was warned of the last time, and what was wrong: it is told when it is new.
    var warnings: [String] = []
    var faults: [String] = []
    var isAsked = false
  }

  private let state: Lock<State>

  init(directories: [String], jobs: Jobs, time: Time, log: Logger) {
    var known: Set<String> = []
    let directories = directories.filter { known.insert(JobFolder.root(of: $0)).inserted }
    self.directories = directories
    self.jobs = jobs
    self.time = time
    self.log = log
    state = Lock(State(seen: Fingerprint(of: directories)))
    jobs.watch(directories)
  }

  /// Applies what the folders hold as this process begins.
  /// - Throws: `JobsError` for a folder that is not there, or has nothing in it, and never had a job: its name is
  ///   most likely wrong.
  func start() async throws {
    let reading = JobFolder.read(directories)
    let kept = try await jobs.database.read { [jobs, directories] tx in
      Set(try jobs.jobs(tx).compactMap(\.keeper)).intersection(directories.map(JobsWatch.root))
    }
    for directory in directories where !kept.contains(JobsWatch.root(directory)) {
      switch reading.absent[JobsWatch.root(directory)] {
      case .unreadable(let error): throw error
      case .empty: throw JobsError.nothing(path: directory)
      case nil: break
      }
    }
    if reading.isEmpty, kept.isEmpty, directories.count == 1 { throw JobsError.nothing(path: directories[0]) }
    try await jobs.database.write { [jobs, directories] tx in
      try jobs.forgetFaults(tx, besides: directories.map(JobsWatch.root))
    }
    try await apply(reading, telling: .info, isNew: true)
  }

  /// Has everything applied again, whether or not something has changed.
  func applyAgain() {
    state.withLock { $0.isAsked = true }
    bell.ring()
  }

  /// Looks at the folders until cancelled.
  func run() async throws {
    while !Task.isCancelled {
      try await bell.wait(upTo: JobsWatch.interval, time)
      let now = Fingerprint(of: directories)
      let (isNew, isAsked, isWaiting) = state.withLock { state in
        defer {
          state.seen = now
          state.isAsked = false
        }
        return (now != state.seen || state.isAsked, state.isAsked, !state.missing.isEmpty)
      }
      if !isNew, !isWaiting { continue }
      do {
        // Somebody has just saved a file and looks whether it was taken.
        let problems = try await apply(JobFolder.read(directories), telling: .notice, isNew: isNew)
        if isAsked {
          let rest =
            problems == 0 ? "." : ", but for \(JobsWatch.count(problems)), of which the log has told."
          log.notice(
            "The job files of \(directories.joined(separator: ", ")) were applied again, as asked\(rest)")
        }
      } catch let error where !(error is CancellationError) {
        log.error("The job files were not applied: \(error) What was applied before stays in force.")
      }
    }
  }

  /// - Parameters:
  ///   - level: at which changes are told.
  ///   - isNew: whether something has changed since the last time.
  /// - Returns: how many problems there are.
  @discardableResult
  func apply(_ reading: JobFolderReading, telling level: Logger.Level, isNew: Bool) async throws -> Int {
    let archiving = state.withLock { state in
      Set(state.missing.filter { $0.value + 1 >= JobsWatch.missingLooks }.keys)
    }
    let following = try await jobs.follow(reading, archiving: archiving)
    for line in following.report.changes { log.log(level: level, "\(line)") }
    let (before, newlyMissing) = state.withLock { state in
      let fresh = following.missing.filter { state.missing[$0.id] == nil }
      state.missing = Dictionary(
        following.missing.map { ($0.id, state.missing[$0.id, default: 0] + 1) }, uniquingKeysWith: max)
      defer { state.problems = following.problems }
      return (state.problems, fresh)
    }
    for job in newlyMissing {
      log.warning(
        "The files of the job \(job.name) are gone\(job.file.map { " (\($0))" } ?? ""). It is archived unless they come back at once, and goes on when they come back later."
      )
    }
    guard isNew || following.problems != before else { return following.problems.count }
    let warnings =
      following.warnings.map(\.description)
      + reading.absent.sorted { $0.key < $1.key }.map { JobsWatch.sentence($0.key, $0.value) }
    let told = state.withLock { state in
      defer { state.warnings = warnings }
      return Set(state.warnings)
    }
    for warning in warnings where !told.contains(warning) { log.warning("\(warning)") }
    let faults = JobsWatch.lines(of: following)
    let toldBefore = state.withLock { state in
      defer { state.faults = faults }
      return Set(state.faults)
    }
    for line in faults where !toldBefore.contains(line) { log.error("\(line)") }
    if !before.isEmpty, following.problems.isEmpty {
      log.notice("The job files of \(directories.joined(separator: ", ")) are right again, and applied.")
    }
    return following.problems.count
  }

  private static func root(_ directory: String) -> String { JobFolder.root(of: directory) }

  static func sentence(_ root: String, _ absence: JobFolderReading.Absence) -> String {
    let what =
      switch absence {
      case .empty: "Nothing is in \(root), as in the place of a disk that is not mounted."
      case .unreadable(let error): "\(error)"
      }
    return
      "\(what) Its jobs go on as they were applied last. Remove the folder's jobs one by one to archive them."
  }

  private static func count(_ problems: Int) -> String {
    problems == 1 ? "1 problem" : "\(problems) problems"
  }

  /// What is said of files that cannot be applied: each problem on a line of its own, as it is looked for in its
  /// own place, and what becomes of its job.
  static func lines(of following: Following) -> [String] {
    let problems = following.problems
    if problems.isEmpty { return [] }
    return [
      "The job files have \(count(problems.count)). What they are about stays as it was applied last; everything else is applied."
    ] + problems.map(\.description)
      + following.lagging.map {
        "The job \($0.name) goes on as it was applied at \($0.updatedAt.inSentence), in revision \($0.revision): its "
          + "file is broken."
      }
  }
}

/// Names, sizes and times of the files in folders: equal means that nothing was edited.
///
/// Links are looked through, since what is read is what they lead to: a file elsewhere that is edited, or a folder
/// that is replaced by another under the same link, shows.
struct Fingerprint: Equatable {
  /// The most files that are looked at.
  static let limit = 10_000
  private static let depthLimit = 16

  private var files: [String: [Int64]] = [:]

  init(of directory: String) {
    self.init(of: [directory])
  }

  init(of directories: [String]) {
    for directory in directories { look(directory, above: []) }
  }

  /// - Parameter above: the folders that it lies in, by device and inode.
  private mutating func look(_ path: String, above: [[Int64]]) {
    guard files.count < Fingerprint.limit else { return }
    var link = stat()
    guard lstat(path, &link) == 0 else { return }
    var status = stat()
    guard stat(path, &status) == 0 else {
      files[path] = Fingerprint.marks(link)
      return
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      files[path] = Fingerprint.marks(status)
      return
    }
    let id = [Int64(status.st_dev), Int64(bitPattern: UInt64(status.st_ino))]
    // A folder has its place and its rights; what is in it speaks for itself.
    files[path] = [Int64(link.st_mode & S_IFMT), Int64(status.st_mode)] + id
    guard above.count < Fingerprint.depthLimit, !above.contains(id),
      let names = try? FolderList.names(in: path)
    else { return }
    for name in names where !name.hasPrefix(".") { look("\(path)/\(name)", above: above + [id]) }
  }

  private static func marks(_ status: stat) -> [Int64] {
    [
      Int64(status.st_size), Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec),
      Int64(status.st_ctim.tv_sec), Int64(status.st_ctim.tv_nsec), Int64(bitPattern: UInt64(status.st_ino)),
      Int64(status.st_mode), Int64(bitPattern: UInt64(status.st_dev)),
    ]
  }
}
