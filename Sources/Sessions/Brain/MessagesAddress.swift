/// Where requests to a Messages API go, by what `ANTHROPIC_BASE_URL` says.
struct MessagesAddress: Sendable, Equatable {
  /// The whole address.
  let url: String
  /// The same for people: without a user, a password and a query.
  let shown: String
  let isOfficial: Bool

  private static let suffix = "/v1/messages"

  /// Programs disagree on how much of the path a base has, so `https://host`, `https://host/v1` and
  /// `https://host/v1/messages` mean the same, with and without a slash at the end.
  init(base: String) {
    var path = String(base.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    var query = ""
    if let mark = path.firstIndex(where: { $0 == "?" || $0 == "#" }) {
      if path[mark] == "?" { query = String(path[mark...].prefix { $0 != "#" }) }
      path = String(path[..<mark])
    }
    func trim() { path = String(path.reversed().drop { $0 == "/" }.reversed()) }
    trim()
    for end in [MessagesAddress.suffix, "/v1"] where path.lowercased().hasSuffix(end) {
      // A host of that name is no path.
      if path.dropLast(end.count).hasSuffix("/") { continue }
      path.removeLast(end.count)
      break
    }
    trim()
    url = path + MessagesAddress.suffix + query
    isOfficial = path.lowercased() == MessagesModel.officialURL
    var plain = path
    if let scheme = plain.firstRange(of: "://") {
      let authority = plain[scheme.upperBound...].prefix { $0 != "/" }
      if let at = authority.lastIndex(of: "@") {
        plain.removeSubrange(scheme.upperBound...at)
      }
    }
    shown = plain + MessagesAddress.suffix
  }
}
