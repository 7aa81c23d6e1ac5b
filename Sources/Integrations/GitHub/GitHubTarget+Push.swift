import Catalog
import Git
import Store

// Pushing the run's commits: from a bundle that an untrusted agent made, through a bare repository that lives
// for this call only, with a token that nothing but the remote gets.
extension GitHubTarget {
  /// Commits that a bundle may build on.
  private static let prerequisiteLimit = 32

  /// - Returns: the commit that the branch is at.
  func push(
    _ bundle: GitHubResult.Bundle, to branch: BranchName, replacing: Bool, _ settings: GitHubSettings
  ) async throws -> CommitID {
    let url = bundle.url
    try local.permit(url)
    guard url.scheme == .file || Self.belongs(url.host, toAPI: settings.api) else {
      throw GitHubError.hopeless(
        "The commits belong to \(url.host), which is not where the API at \(settings.api) is. The token is not sent "
          + "there.")
    }
    let file = try await database.read { [files] tx in try files.file(tx, bundle.file) }
    let commits = try BundleFile(try await files.verifiedPath(of: file.content.sha256))
    guard let head = commits.head?.commit else {
      throw GitHubError.hopeless("The file \(file.filename) has no commits in it.")
    }
    guard commits.prerequisites.count <= Self.prerequisiteLimit else {
      throw GitHubError.hopeless("The file \(file.filename) builds on too many commits.")
    }
    let token = settings.token
    try await git.withRepository { bare in
      let tip = try await bare.tip(of: branch, at: url, token: token)
      // An attempt before this one came as far as this.
      if tip == head { return }
      for base in commits.prerequisites {
        _ = try await bare.fetch(.commit(base), from: url, token: token, depth: 1)
      }
      try await bare.takeIn(commits, head: head)
      if let tip, !replacing, try await !bare.isAncestor(tip, of: head) {
        throw GitHubError.hopeless(
          "The branch \(branch) of \(url) has other commits (\(tip.text.prefix(12))). Delete it, choose another "
            + "“branch”, or set “replace: true”.")
      }
      try await bare.push(head, to: branch, of: url, token: token, expecting: tip)
    }
    return head
  }

  /// Whether an API's token may go to a host.
  static func belongs(_ host: String, toAPI api: String) -> Bool {
    guard let apiHost = GitHubAPI.host(of: api) else { return false }
    if apiHost == "api.github.com" { return host == "github.com" }
    func name(_ host: String) -> Substring { host.prefix { $0 != ":" } }
    // A stand-in on this machine may have one port for git and one for the API.
    let isHere = ["127.0.0.1", "localhost"].contains(name(apiHost))
    return isHere ? name(host) == name(apiHost) : host == apiHost
  }
}
