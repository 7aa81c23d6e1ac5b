import JSON
import Jobs

/// Who did what GitHub tells of, and how far that one is trusted.
///
/// `GitHubRule.all` says event by event who is judged. On top of that:
/// 1. Errand itself, as the file's `identity` names it: `bot`.
/// 2. A program, which is what GitHub calls a bot: `bot`. If neither the rule nor the file's `bots` vouches for it, a
///    job must take `outside` as well: anybody may make an App and have it speak.
/// 3. A text with Errand's own mark that somebody of the team brings is Errand's, written with that one's token:
///    `bot`. Anybody can copy the mark, so an outsider stays `outside` with it, for jobs that take `bot` as well.
struct GitHubTrust: Sendable {
  /// How everything begins that marks a text as Errand's: an HTML comment, unseen on the page.
  static let ownMark = "<!-- errand:"

  /// In lower case, as GitHub compares logins.
  private let identity: Set<String>
  private let bots: Set<String>

  init(identity: [String], bots: [String] = []) {
    self.identity = Set(identity.map { $0.lowercased() })
    self.bots = Set(bots.map { $0.lowercased() })
  }

  /// - Parameter rule: nil for a body that no rule knows.
  func actor(_ rule: GitHubRule?, _ body: JSON) -> Actor {
    let sender = body["sender"]
    let login = sender?["login"]?.stringValue ?? "somebody"
    let folded = login.lowercased()
    if identity.contains(folded) { return Actor(name: login, lane: .bot) }
    let lane = rule.map { GitHubTrust.lane($0, body) } ?? .outside
    if sender?["type"] == "Bot" || folded.hasSuffix("[bot]") {
      let isVouchedFor = lane != .outside || bots.contains(folded)
      return Actor(name: login, lane: .bot, alsoLane: isVouchedFor ? nil : .outside)
    }
    if let rule, GitHubTrust.bringsOwnMark(rule, body) {
      return lane == .outside
        ? Actor(name: login, lane: .outside, alsoLane: .bot) : Actor(name: login, lane: .bot)
    }
    return Actor(name: login, lane: lane)
  }

  // MARK: The rule applied

  private static func lane(_ rule: GitHubRule, _ body: JSON) -> Lane {
    switch rule.judged {
    case .anybody: isRepositorysOwn(body) ? .owner : .outside
    case .writers: isRepositorysOwn(body) ? .owner : .member
    case .authors(let places):
      lane(ofAuthorsOf: places.flatMap { texts(at: $0, in: body) }, body)
    }
  }

  private static func lane(ofAuthorsOf texts: [JSON], _ body: JSON) -> Lane {
    if body["action"] == "labeled", let text = texts.first, let author = text["user"],
      let sender = body["sender"],
      differ(author, sender)
    {
      return .member
    }
    let lanes = texts.map { lane(association: $0["author_association"]?.stringValue) }
    if lanes.isEmpty || lanes.contains(.outside) { return .outside }
    return lanes.contains(.member) ? .member : .owner
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
  private static func texts(at place: String, in body: JSON) -> [JSON] {
    let words = place.split(separator: ".").map(String.init)
    guard let found = words.reduce(body as JSON?, { $0?[$1] }) else { return [] }
    return (found.arrayValue ?? [found]).filter { $0.objectValue != nil }
  }

  /// Whether two accounts are certainly not the same one. A login can change, an id cannot.
  private static func differ(_ one: JSON, _ other: JSON) -> Bool {
    if let left = one["id"]?.integerValue, let right = other["id"]?.integerValue { return left != right }
    guard let left = one["login"]?.stringValue, let right = other["login"]?.stringValue else { return false }
    return left.lowercased() != right.lowercased()
  }

  private static func isRepositorysOwn(_ body: JSON) -> Bool {
    guard let sender = body["sender"]?["login"]?.stringValue,
      let owner = body["repository"]?["owner"]?["login"]?.stringValue
    else { return false }
    return sender.lowercased() == owner.lowercased()
  }

  /// A mark stays in a text; what counts is whether this very event brought the text, or whether the account
  /// that wrote it has pushed to it.
  private static func bringsOwnMark(_ rule: GitHubRule, _ body: JSON) -> Bool {
    guard case .authors(let places) = rule.judged,
      let text = places.first.flatMap({ texts(at: $0, in: body).first }),
      text["body"]?.stringValue?.contains(ownMark) == true
    else { return false }
    switch body["action"]?.stringValue {
    case "opened", "created", "edited", "submitted": return true
    case "synchronize":
      guard let author = text["user"], let sender = body["sender"] else { return false }
      return !differ(author, sender)
    default: return false
    }
  }
}
