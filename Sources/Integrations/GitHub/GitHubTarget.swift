import Callbacks
import Catalog
import Git
import HTTPClient
import JSON
import Jobs
import Outbox
import Primitives
import Reading
import Signatures
import Store

/// GitHub: the run's commits as a branch with a pull request, its answer as a comment, or both.
///
/// ```yaml
/// github:
///   pull_request: {base: main, branch: "errand/{{trigger.body.issue.number}}", title: "Fix …"}
///   comment: {issue: "{{trigger.body.issue.number}}"}
/// ```
///
/// Every step may have been made by an attempt whose end nobody saw. So each looks first: a branch that is there
/// already is not pushed, a pull request that is there is the result, a comment with the mark is not repeated.
struct GitHubTarget: SuppliedTarget {
  static let name = "github"
  static let shape = KindShape(
    name: name,
    fields: [
      FieldShape(
        "pull_request", .object, about: "The run's commits as a pull request.",
        inside: GitHubSettings.pullRequestShape),
      FieldShape(
        "comment", .object, about: "The run's answer as a comment.", inside: GitHubSettings.commentShape),
      FieldShape("repository", .text, about: "OWNER/NAME, a template; the webhook's by default."),
      FieldShape(
        "repositories", .texts,
        about: "Which the repository may be, whatever a value from outside says."),
      FieldShape("token", .secret, about: "A reference; ${env:GITHUB_TOKEN} by default."),
      FieldShape(
        "api", .text, about: "The API of another GitHub, such as https://github.example.com/api/v3."),
    ],
    templates: ["pull_request", "comment", "repository"],
    defaults: [
      "token": "${env:GITHUB_TOKEN}",
      // What GitHub's deliveries say of themselves; the clone's address says it otherwise.
      "repository":
        "{{#trigger.body}}{{#repository}}{{#full_name}}{{.}}{{/full_name}}{{/repository}}{{/trigger.body}}",
    ], check: GitHubSettings.problems)

  let database: Database
  let files: Files
  let client: HTTPClient
  let git: Git
  let local: LocalRepositories
  /// Where the REST API is when the file does not say.
  let api: String
  let time: Time
  let pace: GitHubPace
  /// By what the server knows its own texts again when it hears of them.
  let marks: OwnMarks?

  init(_ supplies: Supplies) {
    database = supplies.database
    files = supplies.files
    client = supplies.client
    git = supplies.git
    local = supplies.local
    api = supplies.environment["GITHUB_API_URL"] ?? "https://api.github.com"
    time = supplies.time
    marks = supplies.marks
    pace = GitHubPace(time: time)
  }

  func send(_ delivery: Delivery, settings: JSON) async throws -> Attempt {
    do {
      return .delivered(receipt: try await deliver(delivery, GitHubSettings(settings, standardAPI: api)))
    } catch let error as GitHubError {
      return error.attempt
    } catch let error as GitError {
      let reason = "\(error)"
      return error.isRetryable ? .failed(reason: reason, retryAfter: nil) : .hopeless(reason: reason)
    } catch let error as HTTPClientError {
      let reason = "\(error)"
      return error.isRetryable ? .failed(reason: reason, retryAfter: nil) : .hopeless(reason: reason)
    } catch let error as FilesError {
      return .hopeless(reason: "\(error)")
    }
  }

  private func deliver(_ delivery: Delivery, _ settings: GitHubSettings) async throws -> JSON {
    let result = GitHubResult(delivery)
    let bundle = try result.bundle(for: settings)
    guard let repository = settings.repository ?? bundle?.url.fullName else {
      throw GitHubError.hopeless(
        "Which repository is meant is not known. Write “repository: OWNER/NAME” into the callback.")
    }
    guard GitHubSettings.isRepository(repository) else {
      throw GitHubError.hopeless("“\(repository.prefix(100))” is no repository. Write OWNER/NAME.")
    }
    guard settings.permits(repository) else {
      throw GitHubError.hopeless(
        "“\(repository)” is not among the callback's “repositories”, so the token was not used there.")
    }
    let api = GitHubAPI(
      client: client, base: settings.api, token: settings.token, repository: repository, pace: pace,
      time: time, attempts: delivery.attempts)
    var receipt: JSON.Object = ["repository": .string(repository)]
    if let wanted = settings.pullRequest {
      if result.succeeded {
        receipt["pull_request"] = try await open(wanted, result, bundle, settings, api, in: repository)
      } else {
        receipt["note"] = .string("The run ended \(result.state), so there is no pull request.")
      }
    }
    if let wanted = settings.comment {
      receipt["comment"] = try await comment(
        wanted, result, receipt["pull_request"], api, in: repository, since: delivery.createdAt)
    }
    return .object(receipt)
  }

  // MARK: The pull request

  private func open(
    _ wanted: GitHubSettings.PullRequest, _ result: GitHubResult, _ bundle: GitHubResult.Bundle?,
    _ settings: GitHubSettings, _ api: GitHubAPI, in repository: String
  ) async throws -> JSON {
    guard let bundle else {
      throw GitHubError.hopeless(
        "The run made no commits, so there is nothing to open a pull request with. The agent must commit what it "
          + "changes.")
    }
    let pushed = try await push(bundle, to: wanted.branch, replacing: wanted.replaces, settings)
    let base = wanted.base ?? bundle.baseBranch ?? "main"
    guard base != wanted.branch.text else {
      throw GitHubError.hopeless("The pull request's branch and its base are both “\(base)”.")
    }
    let (pull, isNew) = try await api.openPullRequest(
      head: wanted.branch.text, base: base, title: wanted.title,
      body: marked(
        wanted.body ?? result.message, result, at: "\(repository.lowercased()) \(wanted.branch.text)",
        whole: false),
      isDraft: wanted.isDraft)
    var receipt: JSON.Object = [
      "number": pull["number"] ?? .null, "url": pull["html_url"] ?? .null,
      "branch": .string(wanted.branch.text), "commit": .string(pushed.text), "created": .bool(isNew),
    ]
    // The pull request is there; labels that are refused do not undo it.
    if !wanted.labels.isEmpty, let number = pull["number"]?.intValue {
      do {
        try await api.label(number, wanted.labels)
      } catch let error as GitHubError {
        receipt["labels_refused"] = .string(error.reason)
      }
    }
    return .object(receipt)
  }

  // MARK: The comment

  private func comment(
    _ wanted: GitHubSettings.Comment, _ result: GitHubResult, _ pull: JSON?, _ api: GitHubAPI,
    in repository: String, since: Timestamp
  ) async throws -> JSON {
    if let earlier = try await api.comment(
      on: wanted.issue, with: String(result.mark.dropLast(3)), since: since)
    {
      return ["id": earlier["id"] ?? .null, "url": earlier["html_url"] ?? .null, "created": false]
    }
    let text = wanted.body ?? result.summary(pullRequest: pull?["url"]?.stringValue)
    let made = try await api.addComment(
      to: wanted.issue, marked(text, result, at: repository.lowercased(), whole: true))
    return ["id": made["id"] ?? .null, "url": made["html_url"] ?? .null, "created": true]
  }

  // MARK: The mark

  /// The text with the delivery's mark at its end, which proves to this server whose it is.
  /// - Parameter whole: whether it is proof for this text only.
  private func marked(_ text: String, _ result: GitHubResult, at place: String, whole: Bool) -> String {
    guard let marks else { return GitHubText.body(text, mark: result.mark) }
    let blank = OwnMarks.blank(result.delivery)
    let before = String(GitHubText.body(text, mark: blank).dropLast(blank.count))
    return before + marks.mark(result.delivery, at: place, after: whole ? before : "")
  }
}
