package import Git
import HTTPClient
package import JSON
import Primitives
import Sessions

/// Brings repositories into a sandbox and commits out of it.
///
/// git on the host fetches into a bare repository of ours, as the token's only user. What enters the sandbox
/// is one pack, on the standard input of a git in there, which makes the checkout: attributes, filters, hooks
/// and links of the repository act inside or not at all. Commits come out as a bundle that a git in the
/// sandbox writes to its standard output.
package struct Repositories: Sendable {
  let git: Git
  let local: LocalRepositories
  /// Looks up a token by the setting that says where it is.
  let secret: @Sendable (JSON) throws -> String

  package init(
    git: Git, local: LocalRepositories = .none, secret: @escaping @Sendable (JSON) throws -> String
  ) {
    self.git = git
    self.local = local
    self.secret = secret
  }

  /// Clones one repository into the sandbox.
  func mount(_ mount: RepositoryMount, at hands: SandboxedHands) async throws -> MountedRepository {
    let url = try RepositoryURL(mount.url)
    try local.permit(url)
    let revision = try Self.revision(mount.checkout)
    let token = try mount.literalToken ?? mount.token.map(secret)
    let addresses = try await Self.addresses(
      of: url, hands.settings.egress, for: ObjectIdentifier(hands))
    return try await git.withRepository { bare in
      let fetched = try await bare.fetch(revision, from: url, at: addresses, token: token, depth: mount.depth)
      let clone = SandboxClone(hands: hands, path: mount.path)
      try await clone.make(
        from: url, fetched: fetched, shallow: bare.shallow(), pack: try await bare.pack(of: fetched.commit))
      var mounted = MountedRepository(
        id: mount.id, url: url.description, path: mount.path, base: fetched.commit.text,
        branch: fetched.branch?.text)
      mounted.note = try await clone.missing()?.description
      return mounted
    }
  }

  /// Where git may connect to: the addresses of the host, as they were just found, that pass the same judgement as
  /// those that sandboxes connect to. Nil for a repository on this machine, which `LocalRepositories` permits.
  private static func addresses(
    of url: RepositoryURL, _ egress: EgressSettings, for asker: ObjectIdentifier
  ) async throws -> [String]? {
    guard url.scheme == .https else { return nil }
    // By libcurl, as git reads it.
    guard let host = WebAddress(url.description)?.host else {
      throw GitError.notAllowed(url: url, detail: "its host is no host name")
    }
    var addresses = IPAddress(host).map { [$0] } ?? []
    if addresses.isEmpty {
      do {
        addresses = try await egress.names.addresses(of: host, for: asker)
      } catch let failure as NameLookup.Failure {
        throw GitError.unreachable(url: url, detail: "its host could not be resolved: \(failure)")
      }
    }
    addresses.removeAll { !egress.reach.permits($0) }
    guard !addresses.isEmpty else {
      throw GitError.notAllowed(
        url: url,
        detail: "it has no public address of another machine, and others are cloned from only if the "
          + "operator of this server lists them (--allow-private)")
    }
    return addresses.prefix(egress.limits.addresses).map { $0.family == .v4 ? "\($0)" : "[\($0)]" }
  }

  private static func revision(_ checkout: JSON?) throws -> Revision {
    if let name = checkout?["name"]?.stringValue { return .branch(try BranchName(name)) }
    guard let sha = checkout?["sha"]?.stringValue else { return .standard }
    guard let commit = CommitID(sha) else {
      throw GitError.failed(detail: "“\(sha.prefix(80))” is no commit: write its 40 hexadecimal digits")
    }
    return .commit(commit)
  }

  /// What went wrong, in the words of the wire.
  static func trouble(_ error: any Error, _ mount: RepositoryMount) -> RepositoryTrouble {
    var type = "repository_clone_error"
    var isRetryable = false
    switch error {
    case let error as GitError:
      isRetryable = error.isRetryable
      switch error {
      case .authentication: type = "repository_authentication_error"
      case .forbidden, .notAllowed: type = "repository_forbidden_error"
      case .notFound, .moved: type = "repository_not_found_error"
      case .noSuchRevision, .empty, .noHead: type = "repository_checkout_error"
      default: break
      }
    case is BranchNameError, is CheckoutError: type = "repository_checkout_error"
    default: break
    }
    return RepositoryTrouble(
      type: type, url: mount.url, message: SandboxError(error).description, isRetryable: isRetryable,
      isRequired: mount.isRequired)
  }
}

/// What was cloned into a workspace: remembered beside it, since it outlives the process.
struct MountedRepository: Sendable, Equatable {
  /// The resource's id.
  var id: String
  var url: String
  var path: String
  /// The commit that was checked out.
  var base: String
  /// Nil when no branch was checked out.
  var branch: String?
  /// What the agent must know of it, until it was told.
  var note: String?

  /// The name of the bundle of its commits.
  var bundleName: String { "\(path.split(separator: "/").last ?? "repository").bundle" }

  var json: JSON {
    [
      "id": .string(id), "url": .string(url), "path": .string(path), "base": .string(base),
      "branch": branch.map { .string($0) } ?? .null, "note": note.map { .string($0) } ?? .null,
    ]
  }

  init(id: String, url: String, path: String, base: String, branch: String?) {
    self.id = id
    self.url = url
    self.path = path
    self.base = base
    self.branch = branch
  }

  init?(json: JSON) {
    guard let id = json["id"]?.stringValue, let url = json["url"]?.stringValue,
      let path = json["path"]?.stringValue, let base = json["base"]?.stringValue
    else { return nil }
    self.init(id: id, url: url, path: path, base: base, branch: json["branch"]?.stringValue)
    note = json["note"]?.stringValue
  }
}
