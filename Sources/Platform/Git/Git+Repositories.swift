import Glibc
import Primitives
package import Processes

/// A bare repository of ours, for as long as it is needed.
package struct BareRepository: Sendable {
  package let path: String
  let git: Git
}

/// What of a repository is wanted.
package enum Revision: Sendable, Equatable, CustomStringConvertible {
  /// The branch that the remote's HEAD names.
  case standard
  case branch(BranchName)
  case commit(CommitID)

  package var description: String {
    switch self {
    case .standard: "default branch"
    case .branch(let name): "branch \(name)"
    case .commit(let id): "commit \(id)"
    }
  }
}

/// What was fetched.
package struct Fetched: Sendable, Equatable {
  package var commit: CommitID
  /// Nil for a commit that was asked for by its id.
  package var branch: BranchName?
}

extension Git {
  /// Makes an empty bare repository, lets it be worked with, and removes it.
  package func withRepository<Result>(
    _ body: (BareRepository) async throws -> Result
  ) async throws -> Result {
    let path = newRepositoryPath()
    func remove() async {
      // In a task of its own, since a cancelled one removes as well. What stays behind is removed at the
      // next start of the service.
      await Task { _ = try? await Command(["/bin/rm", "-rf", "--", path], limit: .seconds(60)).run() }.value
    }
    do {
      try await run(["init", "--quiet", "--bare", "--template=", "--", path], in: path)
      let result = try await body(BareRepository(path: path, git: self))
      await remove()
      return result
    } catch {
      await remove()
      throw error
    }
  }
}

extension BareRepository {
  /// How many branches are named when there is none by default.
  private static let namedBranches = 10

  /// What a branch of a remote is at; nil when it has none of this name.
  package func tip(of branch: BranchName, at url: RepositoryURL, token: String?) async throws -> CommitID? {
    let output = try await git.run(
      ["ls-remote", "--", url.description, branch.ref], in: path, remote: .init(url: url, token: token))
    return output.text.split(separator: "\n").compactMap { line -> CommitID? in
      let words = line.split(separator: "\t")
      return words.count == 2 && words[1] == branch.ref ? CommitID(words[0]) : nil
    }.first
  }

  /// Takes a revision of a remote in and keeps it under a ref of ours.
  /// - Parameters:
  ///   - addresses: of the remote's host, IPv6 ones in brackets: git connects to these and no others. Nil lets it
  ///     look the host up.
  ///   - depth: how many commits of history; nil is all of it.
  package func fetch(
    _ revision: Revision, from url: RepositoryURL, at addresses: [String]? = nil, token: String?, depth: Int?
  ) async throws -> Fetched {
    var remote = Git.Remote(url: url, token: token, addresses: addresses)
    var branch: BranchName?
    var wanted: String
    switch revision {
    case .branch(let name): (branch, wanted) = (name, name.ref)
    case .commit(let id): wanted = id.text
    case .standard:
      branch = try await standardBranch(of: remote)
      wanted = branch?.ref ?? "HEAD"
    }
    var arguments = [
      "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-gc",
    ]
    if let depth { arguments.append("--depth=\(depth)") }
    arguments += ["--", url.description, "+\(wanted):refs/errand/fetched"]
    remote.revision = revision.description
    try await git.run(arguments, in: path, remote: remote)
    let output = try await git.run(["rev-parse", "--verify", "refs/errand/fetched^{commit}"], in: path)
    guard let commit = CommitID(output.text.prefix { !$0.isWhitespace }) else {
      throw GitError.failed(detail: "the fetched revision has no commit")
    }
    return Fetched(commit: commit, branch: branch)
  }

  private func standardBranch(of remote: Git.Remote) async throws -> BranchName? {
    let output = try await git.run(
      ["ls-remote", "--symref", "--", remote.url.description, "HEAD"], in: path, remote: remote)
    let lines = output.text.split(separator: "\n")
    guard lines.contains(where: { $0.hasSuffix("\tHEAD") && CommitID($0.dropLast(5)) != nil }) else {
      throw try await withoutHead(remote)
    }
    // `ref: refs/heads/main\tHEAD`
    guard let line = lines.first(where: { $0.hasPrefix("ref: refs/heads/") && $0.hasSuffix("\tHEAD") }) else {
      return nil
    }
    // A name that we do not take leaves HEAD without one.
    return try? BranchName(String(line.dropFirst(16).dropLast(5)))
  }

  /// Why a remote has no HEAD: a clone of one whose default branch was deleted or renamed says nothing of it.
  private func withoutHead(_ remote: Git.Remote) async throws -> GitError {
    let output = try await git.run(["ls-remote", "--", remote.url.description], in: path, remote: remote)
    let refs = output.text.split(separator: "\n").compactMap { $0.split(separator: "\t").last }
    if refs.isEmpty { return .empty(url: remote.url) }
    // Names that we do not take could not be checked out either.
    let branches = refs.filter { $0.hasPrefix("refs/heads/") }
      .compactMap { try? BranchName(String($0.dropFirst(11))).text }
    let usual = ["main", "master", "trunk", "develop"].filter(branches.contains)
    let named = usual + branches.filter { !usual.contains($0) }
    return .noHead(url: remote.url, branches: Array(named.prefix(Self.namedBranches)), count: branches.count)
  }

  /// The objects of what was fetched, as one pack, for reading.
  package func pack(of commit: CommitID) async throws -> Descriptor {
    let name = "\(path)/errand"
    let output = try await git.run(
      ["pack-objects", "--quiet", "--revs", "--shallow", "--no-reuse-delta", name], in: path,
      input: .bytes(Array("\(commit)\n".utf8)))
    guard let hash = CommitID(output.text.prefix { !$0.isWhitespace }) else {
      throw GitError.failed(detail: "no pack was made")
    }
    return try Descriptor.open("\(name)-\(hash).pack", O_RDONLY)
  }

  /// Commits whose parents were not fetched, one a line: the content of a `shallow` file. Empty when there
  /// are none.
  package func shallow() throws -> [UInt8] {
    guard access("\(path)/shallow", F_OK) == 0 else { return [] }
    let file = try Descriptor.open("\(path)/shallow", O_RDONLY)
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < 4 << 20 {
      let count = read(file.number, &piece, piece.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      bytes += piece[..<count]
    }
    return bytes
  }

  /// Takes in the pack of a bundle, checking each object, and that everything that `head` needs is there.
  /// - Throws: `GitError.malformed`.
  package func takeIn(_ bundle: BundleFile, head: CommitID) async throws {
    do {
      try await git.run(
        ["index-pack", "--stdin", "--fix-thin", "--strict"], in: path, input: .file(try bundle.pack()))
      try await git.run(["rev-list", "--objects", "--quiet", head.text, "--"], in: path)
    } catch GitError.failed(let detail) {
      throw GitError.malformed(detail: detail)
    }
  }

  /// Whether one commit comes before another.
  package func isAncestor(_ commit: CommitID, of later: CommitID) async throws -> Bool {
    let known = try await git.run(
      ["cat-file", "-e", "\(commit)^{commit}"], in: path, accepting: [0, 1, 128])
    guard known.exit == .code(0) else { return false }
    let output = try await git.run(
      ["merge-base", "--is-ancestor", commit.text, later.text], in: path, accepting: [0, 1])
    return output.exit == .code(0)
  }

  /// Sets a branch of a remote to a commit, if it still is at `expected`; nil is that there is none.
  /// - Throws: `GitError.stale` when it is not.
  package func push(
    _ commit: CommitID, to branch: BranchName, of url: RepositoryURL, token: String?,
    expecting expected: CommitID?
  ) async throws {
    try await git.run(
      [
        "push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no",
        "--force-with-lease=\(branch.ref):\(expected?.text ?? "")", "--", url.description,
        "\(commit):\(branch.ref)",
      ], in: path, remote: .init(url: url, token: token, branch: branch.text))
  }
}
