import JSON
import Primitives
import StandIns

/// The patch PR: a bug report becomes a pull request, once.
struct PatchStory: Story {
  static let job = "patch-pr"
  static let about = "a bug report that becomes a pull request"

  static let repository = "tidewatch/boards"
  static let branch = "errand/\(issue)"
  static let issue = 212

  let stage: Stage
  private var narrator: Narrator { stage.narrator }

  func tell() async throws -> Expectations {
    var expectations = Expectations()
    narrator.title("A bug report becomes a pull request")
    try await stage.applyAndTell()
    let remote = try await Remote.make(
      "\(stage.folder.remotes)/\(PatchStory.repository).git",
      of: "\(stage.folder.jobs)/\(PatchStory.job)/repository")
    narrator.tell(
      "remote", "\(PatchStory.repository) is \(remote.path), a bare repository; a test fails in it")
    guard let started = try await report(remote, &expectations) else { return expectations }
    let telling = RunTelling(server: stage.server, narrator: narrator)
    let run = try await telling.tell(started)
    expectations.expect(
      run["state"]?.stringValue == "succeeded",
      "the patch is \(run["state"]?.stringValue ?? ""), not succeeded: \(run["reason"]?.stringValue ?? "")")
    try await showPullRequest(remote, &expectations)
    let newest = try await stage.runs(of: PatchStory.job).first?["id"]?.stringValue
    expectations.expect(newest == started, "one bug started a second run, \(newest ?? "")")
    try await searchToken(started, remote, &expectations)
    return expectations
  }

  // MARK: The report

  /// Sends a forged report, the real one, and what GitHub sends when somebody gives the label once more.
  /// - Returns: the run that the real one started.
  private func report(_ remote: Remote, _ expectations: inout Expectations) async throws -> String? {
    let sender = HookSender(url: "\(stage.server.url)/hooks/github")
    let opened = payload("opened", remote)
    let forged = try await sender.send(
      gitHub: "issues", opened, delivery: PatchStory.guid(), secret: "not the secret")
    narrator.tell("forged", "a wrong signature is answered \(forged.words)", .bad, wraps: true)
    expectations.expect(forged.status == 401, "the forged report was answered \(forged.status), not 401")

    let real = try await sender.send(
      gitHub: "issues", opened, delivery: PatchStory.guid(), secret: stage.secrets.gitHub)
    let run = real.body["run_id"]?.stringValue
    narrator.tell(
      "opened", "issue #\(PatchStory.issue), label bug, is answered \(real.words): \(run ?? "no run")", .good)
    expectations.expect(
      real.status == 202 && run != nil, "the report was answered \(real.words), not 202 with a run")

    let labeled = try await sender.send(
      gitHub: "issues", payload("labeled", remote), delivery: PatchStory.guid(), secret: stage.secrets.gitHub)
    let firing = labeled.body["firings"]?.arrayValue?.first
    let decision = firing?["decision"]?.stringValue ?? "nothing"
    narrator.tell(
      "labeled",
      "the same issue again is answered \(labeled.words): \(decision). \(firing?["reason"]?.stringValue?.onOneLine ?? "")",
      .waiting, wraps: true)
    expectations.expect(
      decision == "skipped", "the label for the same issue was \(decision), not skipped: one bug is one run")
    return run
  }

  /// A delivery's GUID.
  private static func guid() -> String {
    Hex.encode(Randomness.system.bytes(16))
  }

  /// The part of GitHub's payload that jobs look at
  /// (https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues).
  private func payload(_ action: String, _ remote: Remote) -> JSON {
    let parts = PatchStory.repository.split(separator: "/").map(String.init)
    var payload: JSON.Object = [
      "action": .string(action),
      "issue": [
        "number": .integer(Int64(PatchStory.issue)), "title": "Pier 3 announces a departure at 25:10",
        "body": "The board shows 25:10 for the last boat. Two passengers asked which planet.",
        "state": "open", "author_association": "MEMBER", "user": ["login": "harbour-office", "type": "User"],
        "labels": [["name": "bug"]],
        "html_url": .string("https://github.com/\(PatchStory.repository)/issues/\(PatchStory.issue)"),
      ],
      "repository": [
        "full_name": .string(PatchStory.repository), "name": .string(parts[1]),
        "owner": ["login": .string(parts[0])], "default_branch": "main", "clone_url": .string(remote.url),
      ],
      "sender": ["login": "harbour-office", "type": "User"],
    ]
    if action == "labeled" { payload["label"] = ["name": "bug"] }
    return .object(payload)
  }

  // MARK: The pull request

  private func showPullRequest(_ remote: Remote, _ expectations: inout Expectations) async throws {
    let pulls = stage.gitHub.pullRequests
    expectations.expect(pulls.count == 1, "\(pulls.count) pull requests were opened, not 1")
    guard let pull = pulls.first else { return }
    let commits = try await remote.commits(of: PatchStory.branch)
    narrator.tell(
      "pull",
      "#\(pull.number) “\(pull.title)”: \(pull.head) into \(pull.base), "
        + EventTeller.count(commits, "commit"), .good, wraps: true)
    for line in try await remote.patch(of: PatchStory.branch).safeLines where PatchStory.isShown(line) {
      narrator.tell("", line, line.first == "+" ? .good : line.first == "-" ? .bad : .quiet, isQuiet: true)
    }
    expectations.expect(
      pull.head == PatchStory.branch && pull.base == "main" && commits > 0,
      "the pull request is \(pull.head) into \(pull.base) with \(commits) commits")
    expectations.expect(
      pull.title == "Fix #212: Pier 3 announces a departure at 25:10",
      "the pull request is named “\(pull.title)”")
  }

  /// What has changed, not in which file of which mode.
  private static func isShown(_ line: String) -> Bool {
    "+-@".contains(line.first ?? " ") && !line.hasPrefix("---") && !line.hasPrefix("+++")
  }

  // MARK: The token

  /// Looks for the token wherever somebody can read.
  private func searchToken(
    _ run: String, _ remote: Remote, _ expectations: inout Expectations
  ) async throws {
    var places = try await stage.readable(of: run)
    // A remote that was told the token would have it there.
    places.append(
      (
        "the remote's configuration",
        String(decoding: try InputFile.read("\(remote.path)/config"), as: UTF8.self)
      ))
    let found = places.filter { $0.text.contains(stage.secrets.gitHubToken) }.map(\.place)
    narrator.tell(
      "token",
      found.isEmpty
        ? "is nowhere to be read: not in the log of the session, nor the server's, the run, its deliveries, the remote"
        : "can be read in \(found.joined(separator: ", "))", found.isEmpty ? .good : .bad, wraps: true)
    expectations.expect(found.isEmpty, "the token can be read in \(found.joined(separator: ", "))")
  }
}
