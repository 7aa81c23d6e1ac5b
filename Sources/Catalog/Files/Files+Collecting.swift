import FileSystem
import Glibc
package import Logging
import Primitives
package import Store

// Contents that nothing names any more go, a day after they were last named and last written.
//
// A content is marked (a row with the time) when it is first found unnamed, and taken when it still is so after
// the grace. It is taken in three steps, so that no upload of the same bytes at that moment is lost:
//
// 1. Its file is renamed aside, in a write transaction in which nothing names it. Whoever keeps the same bytes
//    from now on finds no file and writes one.
// 2. If somebody has renewed it since it was looked at, it goes back.
// 3. After the transaction the file is removed.
//
// What a crash leaves aside is judged again by the next round: put back when something names it, else removed.
extension Files {
  /// How long a content stays that nothing names.
  package static let grace = Duration.seconds(86_400)
  /// Between two rounds.
  private static let interval = Duration.seconds(3600)
  /// The most contents that one transaction looks at.
  static let batch = 200
  private static let aside = "going-"
  private static let partial = "partial-"

  /// What a round did.
  package struct Collection: Sendable, Equatable {
    package var contents = 0
    package var bytes: Int64 = 0
    package init() {}
  }

  /// Steps at which a test may end a round, as a crash does.
  enum CollectingStep: Sendable, CaseIterable {
    case marked, setAside, committed
  }

  /// Looks at every content once, in batches, and takes those whose time has come.
  /// - Parameters:
  ///   - pause: between two batches, so that nobody waits long for the disk.
  ///   - fault: called at each step; what it throws ends the round there.
  @discardableResult
  package func collect(
    _ database: Database, pause: Duration = .milliseconds(20)
  ) async throws -> Collection {
    try await collect(database, pause: pause) { _ in }
  }

  /// Collects now and then, until cancelled.
  package func keepCollecting(_ database: Database, _ log: Logger) async throws {
    while true {
      do {
        let collection = try await collect(database)
        if collection.contents > 0 {
          log.info(
            "Removed \(collection.contents) contents (\(collection.bytes) bytes) that nothing named for a day."
          )
        }
      } catch let error where !(error is CancellationError) {
        log.warning("Contents that nothing names could not be removed: \(error)")
      }
      try await time.sleep(Files.interval)
    }
  }

  func collect(
    _ database: Database, pause: Duration, fault: @escaping @Sendable (CollectingStep) throws -> Void
  ) async throws -> Collection {
    var collection = Collection()
    try await settleLeftovers(database)
    for folder in await folders() {
      var names = await Thread.run("files") { [self] in Files.names(in: "\(directory)/\(folder)") }[...]
      while !names.isEmpty {
        let batch = names.prefix(Files.batch).map { folder + $0 }
        names = names.dropFirst(Files.batch)
        let taken = try await take(batch, database, fault)
        collection.contents += taken.contents
        collection.bytes += taken.bytes
        if pause > .zero { try await time.sleep(pause) }
      }
    }
    return collection
  }

  /// Puts back or removes what a crash left aside, and removes parts of uploads that nobody goes on with.
  package func settleLeftovers(_ database: Database) async throws {
    let (set, partials) = await Thread.run("files") { [self] in
      let names = Files.names(in: directory)
      return (
        names.filter { $0.hasPrefix(Files.aside) }.map { String($0.dropFirst(Files.aside.count)) },
        names.filter { $0.hasPrefix(Files.partial) }
      )
    }
    let old = time.now() - Files.grace
    await Thread.run("files") { [self] in
      for name in partials {
        if let facts = facts("\(directory)/\(name)"), facts.written < old { unlink("\(directory)/\(name)") }
      }
    }
    for hashes in stride(from: 0, to: set.count, by: Files.batch).map({ set[$0...].prefix(Files.batch) }) {
      let gone = try await database.write { [self] tx in
        let named = try named(tx, Set(hashes))
        return try hashes.filter { hash in
          // Somebody wrote it anew: this one is not needed.
          if facts(path(ofContent: hash)) != nil { return true }
          guard let facts = facts(asidePath(hash)), named.contains(hash) || facts.written >= old else {
            try unmark(tx, hash)
            return true
          }
          try putBack(hash)
          return false
        }
      }
      await Thread.run("files") { [self] in for hash in gone { unlink(asidePath(hash)) } }
    }
  }

  // MARK: One batch

  /// Marks, unmarks and takes.
  private func take(
    _ hashes: [String], _ database: Database, _ fault: @escaping @Sendable (CollectingStep) throws -> Void
  ) async throws -> Collection {
    let now = time.now()
    let old = now - Files.grace
    // What everybody names, as most is, costs one look and no writing.
    let isQuiet = try await database.read { [self] tx in
      try named(tx, Set(hashes)).count == hashes.count && marks(tx, hashes).isEmpty
    }
    if isQuiet { return Collection() }
    let (collection, gone) = try await database.write { [self] tx in
      let named = try named(tx, Set(hashes))
      let marks = try marks(tx, hashes)
      var (collection, gone): (Collection, [String]) = (Collection(), [])
      for hash in hashes {
        guard !named.contains(hash) else {
          if marks[hash] != nil { try unmark(tx, hash) }
          continue
        }
        guard let since = marks[hash] else {
          try tx.run("INSERT INTO unnamed_contents (sha256, since) VALUES ($1, $2)", hash, now)
          try fault(.marked)
          continue
        }
        guard since <= old, let facts = facts(path(ofContent: hash)), facts.written <= old else { continue }
        guard rename(path(ofContent: hash), asidePath(hash)) == 0 else {
          // Another process was faster.
          if errno == ENOENT { continue }
          throw FilesError.system(path: path(ofContent: hash), errno: errno)
        }
        try fault(.setAside)
        // Looked at again: whoever renewed it before it was set aside counts on it.
        if let facts = self.facts(asidePath(hash)), facts.written > old {
          try putBack(hash)
          continue
        }
        try unmark(tx, hash)
        collection.contents += 1
        collection.bytes += facts.size
        gone.append(hash)
      }
      return (collection, gone)
    }
    try fault(.committed)
    await Thread.run("files") { [self] in for hash in gone { unlink(asidePath(hash)) } }
    return collection
  }

  private func marks(_ tx: Transaction, _ hashes: [String]) throws -> [String: Timestamp] {
    var conditions = Conditions()
    conditions.add("sha256", in: hashes)
    return Dictionary(
      uniqueKeysWithValues: try tx.rows(
        "SELECT * FROM unnamed_contents \(conditions.clause)", values: conditions.values
      ).map { (try $0["sha256"], try $0["since"]) })
  }

  private func unmark(_ tx: Transaction, _ hash: String) throws {
    try tx.run("DELETE FROM unnamed_contents WHERE sha256 = $1", hash)
  }

  /// Which of some contents anything names.
  private func named(_ tx: Transaction, _ hashes: Set<String>) throws -> Set<String> {
    var conditions = Conditions()
    conditions.add("sha256", in: hashes.sorted())
    // Nobody is given a file that has expired.
    conditions.add("expires_at IS NULL OR expires_at > $", time.now())
    var named = Set<String>(
      try tx.rows(
        "SELECT DISTINCT sha256 FROM files \(conditions.clause)", values: conditions.values
      ).map { try $0["sha256"] })
    for asked in namers.withLock({ $0 }) {
      let rest = hashes.subtracting(named)
      if rest.isEmpty { break }
      named.formUnion(try asked(tx, rest))
    }
    return named
  }

  // MARK: The disk

  private func asidePath(_ hash: String) -> String { "\(directory)/\(Files.aside)\(hash)" }

  private func putBack(_ hash: String) throws {
    // Never over one that was written anew: it may be in somebody's hands.
    let linked = link(asidePath(hash), path(ofContent: hash)) == 0 || errno == EEXIST
    guard linked else { throw FilesError.system(path: path(ofContent: hash), errno: errno) }
    unlink(asidePath(hash))
  }

  /// Size and time of writing; nil when there is no such file.
  private func facts(_ path: String) -> (size: Int64, written: Timestamp)? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    let written = Timestamp(
      microseconds: Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec) / 1000)
    return (Int64(status.st_size), written)
  }

  /// The folders of contents, by name.
  private func folders() async -> [String] {
    await Thread.run("files") { [self] in
      Files.names(in: directory).filter { $0.utf8.count == 2 }.sorted()
    }
  }

  /// What lies in a folder; nothing when it cannot be read.
  private static func names(in folder: String) -> [String] {
    ((try? FolderList.names(in: folder)) ?? []).filter { !$0.hasPrefix(".") }
  }
}
