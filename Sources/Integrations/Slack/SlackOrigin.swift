import JSON

/// Whose workspace somebody is of who did something in Slack: one's own, somebody else's, or nobody knows.
struct SlackOrigin {
  var rule: SlackRule
  var body: JSON
  /// The list in the source's file.
  var workspaces: Set<String>?

  /// Whether somebody is of one's own workspaces; nil when nothing says so.
  func isOurs(_ person: SlackRule.Person) -> Bool? {
    if isGuest { return false }
    // One who changes a message of their own is who wrote it.
    let same = rule.people.filter { body.text(atFirst: $0.ids) == body.text(atFirst: person.ids) }
    let teams = same.flatMap(\.teams).compactMap { body.text(at: $0) }
    let around = same.flatMap(\.around).compactMap { body.text(at: $0) }
    if !teams.isEmpty { return teams.allSatisfy { isOwn($0, around: around) } }
    if !around.isEmpty { return around.allSatisfy(isOwnPlace) }
    if isShared { return nil }
    return (body.text(atFirst: rule.place) ?? organisation).map(isOwnPlace)
  }

  // MARK: Own

  /// Whether an id, that of a workspace or an organisation, is one's own: by the list, or without it by where the
  /// app is.
  private func isListed(_ id: String) -> Bool {
    if let workspaces { return workspaces.contains(id) }
    return id == home || id == body.text(at: "authorizations.0.enterprise_id")
  }

  /// Whether somebody's own workspace or organisation is one's own.
  private func isOwn(_ team: String, around: [String]) -> Bool {
    if isListed(team) || isOfOwnOrganisation(team) { return true }
    // In an organisation with several workspaces people may be called the organisation's, not their workspace's.
    if team == body.text(at: "authorizations.0.enterprise_id") {
      return !around.isEmpty && around.allSatisfy(isOwnPlace)
    }
    // Buttons of an app of a whole organisation do not say of which one a workspace is; only the list knows the
    // organisation, and nothing may speak of yet another workspace.
    guard body["authorizations"] == nil, !isOrganisation(team), organisations(of: team).isEmpty,
      let organisation, isListed(organisation)
    else { return false }
    return home == nil || home == team || home == organisation
  }

  /// Whether a workspace where something happened is one's own.
  private func isOwnPlace(_ team: String) -> Bool {
    isListed(team) || isOfOwnOrganisation(team) || !isShared && organisation.map(isInstalledFor) == true
  }

  private func isOfOwnOrganisation(_ team: String) -> Bool {
    organisations(of: team).contains(where: isInstalledFor)
  }

  /// Whether an organisation is one's own: by the list, or without it because the app is installed for all of it.
  private func isInstalledFor(_ organisation: String) -> Bool {
    if let workspaces { return workspaces.contains(organisation) }
    return body["authorizations"]?[0]?["is_enterprise_install"] == true
      && organisation == body.text(at: "authorizations.0.enterprise_id")
  }

  /// The organisations that a workspace is said to be of.
  private func organisations(of team: String) -> [String] {
    SlackRule.organisations.compactMap { place, organisation in
      body.text(at: place) == team ? body.text(at: organisation) : nil
    }
  }

  private func isOrganisation(_ id: String) -> Bool { id.hasPrefix("E") }

  /// The organisation that the app is installed for, when all of what came is of that one.
  private var organisation: String? {
    if let installed = body["authorizations"]?[0] {
      let own = installed["enterprise_id"]?.stringValue
      return installed["is_enterprise_install"] == true && own == body.text(at: "enterprise_id") ? own : nil
    }
    // Interactions do not say whose organisation theirs is, so only the list can.
    guard body["is_enterprise_install"] == true || body["is_enterprise_install"] == "true" else { return nil }
    return body.text(atFirst: ["enterprise.id", "enterprise_id"])
  }

  // MARK: Where

  /// The workspace that the app is in, as far as the body says so.
  private var home: String? {
    let places = isUnfurl ? rule.home.filter { !$0.contains("message.") } : rule.home
    if let home = body.text(atFirst: places) { return home }
    // A place proves little: of an installation for an organisation it is only one of many workspaces. A command's
    // is its caller's and comes as text.
    let isForMany =
      body["is_enterprise_install"] == true || body["authorizations"]?[0]?["is_enterprise_install"] == true
    return isShared || isForMany ? nil : body.text(atFirst: rule.place)
  }

  /// A message with a link that the app shows more of, by whoever posted it.
  private var isUnfurl: Bool {
    body["is_app_unfurl"] == true || body["container"]?["is_app_unfurl"] == true
  }

  /// Whether people of several organisations may have done it.
  private var isShared: Bool {
    if isUnfurl || body["is_ext_shared_channel"] == true || body["channel"]?["is_ext_shared"] == true {
      return true
    }
    // A message of one workspace, looked at in another.
    guard let place = body.text(at: "team.id") else { return false }
    return ["message.team", "message.user_team", "message.source_team"].contains { name in
      body.text(at: name).map { $0 != place } == true
    }
  }

  private var isGuest: Bool {
    let marks = ["is_restricted", "is_ultra_restricted", "is_stranger"]
    let people = [
      body["user"], body["event"]?["user"], body["event"]?["user_profile"],
      body["event"]?["message"]?["user_profile"],
    ]
    return people.contains { person in marks.contains { person?[$0] == true } }
  }
}

// MARK: Places

extension JSON {
  /// The first text that stands at one of these places.
  func text(atFirst places: [String]) -> String? { places.lazy.compactMap { text(at: $0) }.first }

  /// The text at a place such as `authorizations.0.team_id`.
  func text(at place: String) -> String? {
    let found = place.split(separator: ".").reduce(self as JSON?) { value, word in
      Int(word).map { value?[$0] } ?? value?[String(word)]
    }
    guard let text = found?.stringValue, !text.isEmpty else { return nil }
    return text
  }
}
