import Git
import JSON
import Jobs
import Reading

/// The settings of a `github` callback, templates rendered and secrets resolved.
struct GitHubSettings: Sendable {
  struct PullRequest: Sendable {
    /// Nil is the branch that was cloned.
    var base: String?
    var branch: BranchName
    var title: String
    var body: String?
    var isDraft: Bool
    var labels: [String]
    /// Whether a branch that has other commits is overwritten.
    var replaces: Bool
  }

  struct Comment: Sendable {
    var issue: Int
    var body: String?
  }

  var repository: String?
  /// Nil permits every one.
  private let repositories: [String]?
  var token: String
  /// Without a slash at its end.
  var api: String
  var pullRequest: PullRequest?
  var comment: Comment?

  static let pullRequestShape = ObjectShape(
    [
      ObjectShape.Field(
        "base", .text(1...4096), "The branch to merge into; the one that was cloned by default."),
      ObjectShape.Field("branch", .text(1...4096), "The branch to make, a template.", isRequired: true),
      ObjectShape.Field("title", .text(1...4096), "A template.", isRequired: true),
      ObjectShape.Field("body", .line, "A template; the agent's last message by default."),
      ObjectShape.Field("draft", .flag, "Whether it is a draft."),
      ObjectShape.Field("labels", .list(.text(0...4096), atMost: 100), "Labels, templates."),
      ObjectShape.Field("replace", .flag, "Whether a branch that has other commits is overwritten."),
    ], example: "{branch: \"errand/{{trigger.body.issue.number}}\", title: Fix it}")
  static let commentShape = ObjectShape(
    [
      ObjectShape.Field(
        "issue", .anyOf([.text(1...4096), .whole(1...Int(Int32.max))]), "The number, a template.",
        isRequired: true),
      ObjectShape.Field("body", .line, "A template; the agent's last message by default."),
    ], example: "{issue: \"{{trigger.body.issue.number}}\"}")

  /// What is wrong with settings as a file has them.
  static let problems: @Sendable (JSON) -> [Problem] = { settings in
    let root = FieldPath.root
    guard settings["pull_request"] != nil || settings["comment"] != nil else {
      return [Problem(root, "A github callback needs \"pull_request\" or \"comment\".")]
    }
    var problems: [Problem] = []
    if let pull = settings["pull_request"] { problems += pullRequestProblems(pull) }
    if let comment = settings["comment"] { problems += commentProblems(comment) }
    if let repository = settings["repository"]?.stringValue, !KindShape.isOpen(repository),
      !isRepository(repository)
    {
      problems.append(Problem(root.key("repository"), "Expected OWNER/NAME, such as octo/app."))
    }
    for (index, name) in (settings["repositories"]?.arrayValue ?? []).compactMap(\.stringValue).enumerated()
    where !KindShape.isOpen(name) && !isRepository(name.hasSuffix("/*") ? name.dropLast() + "x" : name) {
      problems.append(
        Problem(root.key("repositories").index(index), "Expected OWNER/NAME or OWNER/*, such as octo/*."))
    }
    if let api = settings["api"]?.stringValue, !KindShape.isOpen(api), GitHubAPI.host(of: api) == nil {
      problems.append(
        Problem(root.key("api"), "Expected an API's address, such as https://github.example.com/api/v3."))
    }
    return problems
  }

  private static func pullRequestProblems(_ pull: JSON) -> [Problem] {
    let place = FieldPath.root.key("pull_request")
    var problems = unknown(pull, pullRequestShape.keys, "a pull_request", at: place)
    for name in ["branch", "title"] where pull[name]?.stringValue?.isEmpty ?? true {
      problems.append(Problem(place, "\"pull_request\" needs a text \"\(name)\"."))
    }
    for name in ["base", "branch"] {
      guard let branch = pull[name]?.stringValue, !branch.isEmpty, !KindShape.isOpen(branch) else { continue }
      do { _ = try BranchName(branch) } catch { problems.append(Problem(place.key(name), "\(error)")) }
    }
    for name in ["base", "body"] where pull[name] != nil && pull[name]?.stringValue == nil {
      problems.append(Problem(place.key(name), "\"\(name)\" of \"pull_request\" is a text."))
    }
    for name in ["draft", "replace"] where pull[name] != nil && pull[name]?.boolValue == nil {
      problems.append(Problem(place.key(name), "\"\(name)\" of \"pull_request\" is true or false."))
    }
    if let labels = pull["labels"], labels.arrayValue?.allSatisfy({ $0.stringValue != nil }) != true {
      problems.append(Problem(place.key("labels"), "\"labels\" of \"pull_request\" is a list of texts."))
    }
    return problems
  }

  private static func commentProblems(_ comment: JSON) -> [Problem] {
    let place = FieldPath.root.key("comment")
    var problems = unknown(comment, commentShape.keys, "a comment", at: place)
    let expected = "\"comment\" needs the number of the \"issue\", such as \"{{trigger.body.issue.number}}\"."
    switch comment["issue"] {
    case .string(let text)? where KindShape.isOpen(text) || (Int(text) ?? 0) > 0: break
    case let number? where (number.intValue ?? 0) > 0: break
    case nil: problems.append(Problem(place, expected))
    default: problems.append(Problem(place.key("issue"), expected))
    }
    return problems
  }

  private static func unknown(_ object: JSON, _ keys: [String], _ thing: String, at place: FieldPath)
    -> [Problem]
  {
    (object.objectValue?.keys ?? []).filter { !keys.contains($0) }.map { key in
      Problem(
        place.key(key),
        "\(quoted(key)) is no field of \(thing).\(Nearest.hint(key, among: keys)) "
          + "It has: \(keys.joined(separator: ", ")).", aim: .key)
    }
  }

  /// - Throws: `GitHubError.hopeless`, `BranchNameError` as such.
  init(_ settings: JSON, standardAPI: String) throws(GitHubError) {
    let given = settings["repository"]?.stringValue ?? ""
    repository = given.isEmpty ? nil : given
    repositories = settings["repositories"]?.arrayValue?.compactMap { $0.stringValue?.lowercased() }
    token = settings["token"]?.stringValue ?? ""
    var api = settings["api"]?.stringValue ?? standardAPI
    while api.hasSuffix("/") { api.removeLast() }
    self.api = api
    guard GitHubAPI.host(of: api) != nil else {
      throw .hopeless("“\(api.prefix(200))” is no address of an API. Write https://HOST/api/v3.")
    }
    if let pull = settings["pull_request"] {
      do {
        pullRequest = PullRequest(
          base: try pull["base"]?.stringValue.map { try BranchName($0).text },
          branch: try BranchName(pull["branch"]?.stringValue ?? ""),
          title: GitHubText.title(pull["title"]?.stringValue ?? ""), body: pull["body"]?.stringValue,
          isDraft: pull["draft"]?.boolValue ?? false,
          labels: pull["labels"]?.arrayValue?.compactMap(\.stringValue).filter { !$0.isEmpty } ?? [],
          replaces: pull["replace"]?.boolValue ?? false)
      } catch {
        throw .hopeless("\(error)")
      }
    }
    if let comment = settings["comment"] {
      let number = comment["issue"]?.intValue ?? comment["issue"]?.stringValue.flatMap { Int($0) }
      guard let number, number > 0 else {
        throw .hopeless("“\(comment["issue"]?.stringValue?.prefix(60) ?? "")” is no number of an issue.")
      }
      self.comment = Comment(issue: number, body: comment["body"]?.stringValue)
    }
  }

  /// Whether the token may be used for a repository.
  func permits(_ repository: String) -> Bool {
    guard let repositories else { return true }
    // As GitHub compares names.
    let name = repository.lowercased()
    return repositories.contains { $0 == name || ($0.hasSuffix("/*") && name.hasPrefix($0.dropLast())) }
  }

  /// `owner/name`, of characters that GitHub has in names.
  static func isRepository(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count == 2
      && parts.allSatisfy { part in
        (1...100).contains(part.utf8.count) && part != "." && part != ".." && part.first != "-"
          && part.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
              || byte == 0x2D || byte == 0x2E || byte == 0x5F
          }
      }
  }
}

/// Texts within GitHub's limits.
enum GitHubText {
  /// Characters of a comment or a pull request's text.
  static let longestBody = 65_536
  static let longestTitle = 256

  /// On one line.
  static func title(_ text: String) -> String {
    let line = String(
      String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    return line.count <= longestTitle ? line : line.prefix(longestTitle - 1) + "…"
  }

  /// The text with a mark that readers do not see, by which it is found again.
  static func body(_ text: String, mark: String) -> String {
    let ending = "\n\n\(mark)"
    let room = longestBody - ending.unicodeScalars.count - 1
    // What looks like a mark in the text must not be taken for ours.
    let text = GitHubMark.removed(from: text)
    guard text.unicodeScalars.count > room else { return text + ending }
    return String(String.UnicodeScalarView(text.unicodeScalars.prefix(room))) + "…" + ending
  }
}
