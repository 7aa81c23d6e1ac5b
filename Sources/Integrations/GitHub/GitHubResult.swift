import Git
import JSON
import Outbox

/// What a delivery tells of its run, as GitHub is told it.
struct GitHubResult: Sendable {
  /// The commits of the run: a file, and where they belong.
  struct Bundle: Sendable {
    var file: String
    var url: RepositoryURL
    /// The branch that was cloned.
    var baseBranch: String?
  }

  private let data: JSON
  /// Stays the same over all attempts of a delivery.
  let mark: String
  /// Its id.
  let delivery: String

  init(_ delivery: Delivery) {
    data = delivery.payload["data"] ?? .null
    self.delivery = delivery.id
    mark = GitHubMark.of(delivery: delivery.id)
  }

  var state: String { data["state"]?.stringValue ?? "unknown" }
  var succeeded: Bool { state == "succeeded" }

  /// The agent's last words, or why there are none.
  var message: String {
    if let text = data["message"]?.stringValue, !text.isEmpty { return text }
    return data["reason"]?.stringValue ?? "The run ended \(state)."
  }

  func summary(pullRequest url: String?) -> String {
    if let url { return "\(message)\n\n\(url)" }
    if succeeded { return message }
    return "The run ended \(state): \(data["reason"]?.stringValue ?? "no reason is known")"
  }

  /// The bundle for the callback's repository; when there is only one, that. Nil when nothing was committed.
  func bundle(for settings: GitHubSettings) throws(GitHubError) -> Bundle? {
    var bundles: [Bundle] = []
    for file in data["files"]?.arrayValue ?? []
    where file["mime_type"]?.stringValue == "application/x-git-bundle" {
      guard let id = file["id"]?.stringValue, let text = file["metadata"]?["repository"]?.stringValue,
        // Only what a sandbox's clone was made from has such an entry.
        let url = try? RepositoryURL(text)
      else { continue }
      bundles.append(
        Bundle(file: id, url: url, baseBranch: file["metadata"]?["base_branch"]?.stringValue))
    }
    if bundles.count <= 1 { return bundles.first }
    if let match = bundles.first(where: { $0.url.fullName == settings.repository }) { return match }
    throw .hopeless(
      "The run has commits in \(bundles.count) repositories. Name the one that is meant: “repository: OWNER/NAME”."
    )
  }
}
