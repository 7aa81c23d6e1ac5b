/// Why git did not do what it was asked for. Made from what git said, with every secret taken out.
package enum GitError: Error, Equatable, CustomStringConvertible {
  /// No credential, or one that is refused.
  case authentication(url: RepositoryURL)
  /// The credential is good, but not for this.
  case forbidden(url: RepositoryURL, detail: String)
  /// The server's configuration does not allow this repository.
  case notAllowed(url: RepositoryURL, detail: String)
  case notFound(url: RepositoryURL)
  /// The repository has moved to another address.
  case moved(url: RepositoryURL)
  /// There is no such branch or commit.
  case noSuchRevision(url: RepositoryURL, revision: String)
  case empty(url: RepositoryURL)
  /// HEAD names a branch that is not there, and no other was asked for. With the first of those that are there.
  case noHead(url: RepositoryURL, branches: [String], count: Int)
  case unreachable(url: RepositoryURL, detail: String)
  case timedOut(url: RepositoryURL?, after: Duration)
  case tooLarge(url: RepositoryURL?, limit: UInt64)
  /// The branch is not as it was expected.
  case stale(url: RepositoryURL, branch: String)
  /// The remote refused a push for a reason of its own: a protected branch, a hook.
  case declined(url: RepositoryURL, detail: String)
  /// What is to be taken in is no sound part of a repository.
  case malformed(detail: String)
  case failed(detail: String)
  case notInstalled

  /// Whether the same may go better later.
  package var isRetryable: Bool {
    switch self {
    case .unreachable, .timedOut, .stale, .failed: true
    case .authentication, .forbidden, .notAllowed, .notFound, .moved, .noSuchRevision, .empty, .noHead,
      .tooLarge,
      .declined, .malformed, .notInstalled:
      false
    }
  }

  package var description: String {
    switch self {
    case .authentication(let url):
      "\(url) wants a token, or refuses the one it was given (it may also not exist). Check that the token is "
        + "valid and may read this repository."
    case .forbidden(let url, let detail):
      "\(url) is closed to the token it was given: \(detail). Give the token the right to it."
    case .notAllowed(let url, let detail): "\(url) may not be used: \(detail)."
    case .notFound(let url):
      "There is no repository at \(url), or the token may not see it. Check the address and the token."
    case .moved(let url):
      "The repository at \(url) has moved. Write its new address; redirects are not followed."
    case .noSuchRevision(let url, let revision): "\(url) has no \(revision). Check “checkout”."
    case .empty(let url): "\(url) has no commits yet. Push a first one."
    case .noHead(let url, let branches, let count):
      "The HEAD of \(url) names a branch that is not there (any more), so it has no default branch. Name one in "
        + "“checkout”"
        + (branches.isEmpty
          ? "; it has no branches, so a commit."
          : ", such as “checkout: \(branches[0])”. Its branches are \(branches.joined(separator: ", "))"
            + (count > branches.count ? " and \(count - branches.count) more." : "."))
    case .unreachable(let url, let detail): "\(url) cannot be reached: \(detail)."
    case .timedOut(let url, let limit):
      "\(url.map { "\($0) took" } ?? "git took") longer than \(limit.components.seconds) s and was given up."
    case .tooLarge(let url, let limit):
      "\(url.map { "\($0) has" } ?? "The repository has") more than \(limit >> 20) MiB to take in. Ask for less "
        + "history, or raise the limit."
    case .stale(let url, let branch):
      "The branch \(branch) of \(url) changed while it was pushed to."
    case .declined(let url, let detail): "\(url) did not take the push: \(detail)."
    case .malformed(let detail): "The commits are not sound: \(detail)."
    case .failed(let detail): "git failed: \(detail)."
    case .notInstalled: "git is not installed. Install it with `apt-get install git`."
    }
  }

  /// What git's words mean.
  static func reading(
    _ said: String, url: RepositoryURL?, revision: String?, branch: String?
  ) -> GitError {
    let lines = said.split(whereSeparator: \.isNewline).map(String.init)
    func says(_ texts: String...) -> Bool { texts.contains { said.contains($0) } }
    let last =
      lines.last { $0.hasPrefix("fatal: ") || $0.hasPrefix("error: ") } ?? lines.last ?? "it said nothing"
    let detail = String(last.drop { $0 != " " }.drop { $0 == " " }.prefix(300))
    guard let url else { return .failed(detail: detail) }
    if says("[remote rejected]", "pre-receive hook declined", "protected branch") {
      let line = lines.first { $0.contains("[remote rejected]") } ?? last
      return .declined(url: url, detail: String(line.prefix(300)))
    }
    // Before what the status 403 means otherwise: no right helps.
    if says("archived so it is read-only", "was archived") {
      return .declined(
        url: url, detail: "it is archived, so nobody can write to it; unarchive it, or name another")
    }
    if says("stale info", "[rejected]") { return .stale(url: url, branch: branch ?? "") }
    if says("couldn't find remote ref", "unadvertised object", "not our ref", "no such remote ref") {
      return .noSuchRevision(url: url, revision: revision ?? "such branch")
    }
    if says("Authentication failed", "could not read Username", "could not read Password", "error: 401") {
      return .authentication(url: url)
    }
    if says("error: 403", "Permission to", "Write access", "access denied") {
      return .forbidden(url: url, detail: detail)
    }
    if says("error: 301", "error: 302", "error: 307", "error: 308", "redirect") { return .moved(url: url) }
    if says(
      "epository not found", "error: 404", "' not found", "does not appear to be a git repository",
      "does not exist")
    {
      return .notFound(url: url)
    }
    if says(
      "Could not resolve", "Failed to connect", "timed out", "refused", "error: 5", "RPC failed", "early EOF",
      "SSL", "unable to access", "hung up", "error: 429")
    {
      return .unreachable(url: url, detail: detail)
    }
    return .failed(detail: detail)
  }
}
