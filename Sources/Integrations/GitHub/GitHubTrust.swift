import Catalog
import JSON
import Jobs
import Signatures

/// Who did what GitHub tells of, and how far that one is trusted: the sender, and nobody else.
///
/// `GitHubRule.all` says event by event how the sender is judged. On top of that:
/// 1. Nobody is named: `outside`.
/// 2. Errand itself, as the file's `identity` names it: `bot`.
/// 3. A program, which is what GitHub calls a bot: `bot`. If neither the file's `bots` vouches for it, nor the rule
///    for what it does in its own name, a job must take `outside` as well: anybody may make an App and have it
///    speak, and a workflow labels what strangers open.
/// 4. A text with Errand's own mark that its author, somebody of the team, brings is Errand's, written with that
///    one's token: `bot`. Of an outsider it is only where this server made the mark for that very text, and then for
///    jobs alone that take `outside` as well; any other is plain text, or strangers could pass by the jobs that look
///    at what they write.
struct GitHubTrust: Sendable {
  /// In lower case, as GitHub compares logins.
  private let identity: Set<String>
  private let bots: Set<String>
  /// By what this server's own texts are known.
  var marks: OwnMarks?

  init(identity: [String], bots: [String] = []) {
    self.identity = Set(identity.map { $0.lowercased() })
    self.bots = Set(bots.map { $0.lowercased() })
  }

  /// - Parameter rule: nil for a body that no rule knows.
  func actor(_ rule: GitHubRule?, _ body: JSON) -> Actor {
    guard let sender = body["sender"], let login = sender["login"]?.stringValue, !login.isEmpty else {
      return Actor(name: "somebody", lane: .outside)
    }
    let folded = login.lowercased()
    if identity.contains(folded) { return Actor(name: login, lane: .bot) }
    let judging = rule.map { Judging(rule: $0, sender: sender, body: body) }
    let lane = judging?.lane ?? .outside
    if sender["type"] == "Bot" || folded.hasSuffix("[bot]") {
      let isVouchedFor = bots.contains(folded) || lane != .outside && judging?.isOthersText == false
      return Actor(name: login, lane: .bot, alsoLane: isVouchedFor ? nil : .outside)
    }
    if let judging, judging.bringsOwnMark, lane != .outside || judging.bringsProof(marks) {
      return lane == .outside
        ? Actor(name: login, lane: .outside, alsoLane: .bot) : Actor(name: login, lane: .bot)
    }
    return Actor(name: login, lane: lane)
  }
}

/// One rule, applied to one body.
private struct Judging {
  var rule: GitHubRule
  var sender: JSON
  var body: JSON

  var lane: Lane {
    switch rule.judged {
    case .anybody, .writers:
      if GitHubFork.isBehind(body) { return .outside }
      if body["repository"]?["owner"].flatMap({ isSame($0, sender) }) == true { return .owner }
      return rule.judged == .writers ? .member : .outside
    case .authors:
      var lanes = places.flatMap { place in
        texts(at: place).map { isForeign($0, at: place) ? .outside : lane(of: $0) }
      }
      // It is theirs to push to, whoever wrote the review that falls by it.
      if rule.comesOfPush.contains(action), let pull = body["pull_request"], isOwn(pull) {
        lanes.append(lane(of: pull))
      }
      if lanes.isEmpty || lanes.contains(.outside) { return .outside }
      return lanes.contains(.member) ? .member : .owner
    }
  }

  /// How far the sender is trusted with a text.
  private func lane(of text: JSON) -> Lane {
    let association = Judging.lane(association: text["author_association"]?.stringValue)
    guard let author = text["user"] else { return association }
    guard let isOwn = isSame(author, sender) else { return .outside }
    if isOwn { return association }
    if rule.comesOfPush.contains(action) {
      let pull = body["pull_request"] ?? text
      if GitHubFork.isHead(of: pull) == false || pull["merged"] == true { return .member }
      // By hand it takes rights, but nobody can tell, so that its author must be trusted, and whoever may push there.
      let isOthersFork = GitHubFork.isHead(of: pull) == true && !isFork(of: author, pull)
      return ["dismissed", "synchronize"].contains(action) || association == .outside || isOthersFork
        ? .outside : .member
    }
    if rule.takesRights.contains(action) { return .member }
    // What a later GitHub lets people do with others' texts, nobody knows here.
    let isKnown = GitHubSource.eventTypes.contains(action.isEmpty ? rule.event : "\(rule.event).\(action)")
    return isKnown && association != .outside ? .member : .outside
  }

  /// Whether a pull request comes from a repository of its author's own.
  private func isFork(of author: JSON, _ pull: JSON) -> Bool {
    pull["head"]?["repo"]?["owner"].flatMap { isSame($0, author) } == true
  }

  private var action: String { body["action"]?.stringValue ?? "" }

  /// Whether the sender acts on what somebody else wrote, or may have.
  var isOthersText: Bool {
    places.flatMap(texts).contains { $0["user"] != nil && !isOwn($0) }
  }

  private func isOwn(_ text: JSON) -> Bool { text["user"].flatMap { isSame($0, sender) } == true }

  /// Whether one of two texts is of another repository than the webhook: `sub_issue` by `sub_issue_repo`.
  private func isForeign(_ text: JSON, at place: String) -> Bool {
    guard places.count == 2, let own = body["repository"] else { return false }
    if let other = body["\(place)_repo"], other != .null { return GitHubFork.isSame(own, other) != true }
    guard let url = text["repository_url"]?.stringValue, let name = own["full_name"]?.stringValue else {
      return false
    }
    return !url.lowercased().hasSuffix("/\(name.lowercased())")
  }

  private var places: [String] {
    if case .authors(let places) = rule.judged { places } else { [] }
  }

  private static func lane(association: String?) -> Lane {
    switch association {
    case "OWNER": .owner
    case "MEMBER", "COLLABORATOR": .member
    // CONTRIBUTOR, FIRST_TIMER, FIRST_TIME_CONTRIBUTOR, MANNEQUIN, NONE, and whatever comes.
    default: .outside
    }
  }

  /// The objects at a place, which may be a list's.
  private func texts(at place: String) -> [JSON] {
    let words = place.split(separator: ".").map(String.init)
    guard let found = words.reduce(body as JSON?, { $0?[$1] }) else { return [] }
    return (found.arrayValue ?? [found]).filter { $0.objectValue != nil }
  }

  /// Whether two accounts are the same one; nil when nobody knows. A login can change, an id cannot.
  private func isSame(_ one: JSON, _ other: JSON) -> Bool? {
    if let left = one["id"]?.integerValue, let right = other["id"]?.integerValue { return left == right }
    guard let left = one["login"]?.stringValue, let right = other["login"]?.stringValue else { return nil }
    return left.lowercased() == right.lowercased()
  }

  /// Whether the mark was made by this server, for this text or this branch: anybody can copy one.
  func bringsProof(_ marks: OwnMarks?) -> Bool {
    guard let marks, let text = places.first.flatMap({ texts(at: $0).first }),
      let said = text["body"]?.stringValue, let repository = body["repository"]?["full_name"]?.stringValue
    else { return false }
    // What a pull request says may be edited while Errand pushes to its branch, which nobody outside can have there.
    if let branch = text["head"]?["ref"]?.stringValue {
      return GitHubFork.isHead(of: text) == false
        && marks.stands(in: said, at: "\(repository.lowercased()) \(branch)", whole: false)
    }
    return marks.stands(in: said, at: repository.lowercased(), whole: true)
  }

  /// A mark stays in a text; what counts is whether this very event brought the text, or a push by the account
  /// that wrote it.
  var bringsOwnMark: Bool {
    guard let text = places.first.flatMap({ texts(at: $0).first }),
      text["body"]?.stringValue.map(GitHubMark.stands) == true,
      text["user"] == nil || isOwn(text)
    else { return false }
    return ["opened", "created", "edited", "submitted", "synchronize"].contains(action)
  }
}
