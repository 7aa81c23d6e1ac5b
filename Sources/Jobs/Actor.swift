package import JSON

/// How far whoever set something off is trusted.
package enum Lane: String, Sendable, Hashable, CaseIterable {
  /// Errand's own people: schedules, API keys, the command line, and what a source says belongs to them.
  case owner
  /// Somebody of the team.
  case member
  /// Anybody else who can reach the source: what they write is to be read with care.
  case outside
  /// A program, Errand itself included: starts nothing unless a job names this lane, so that nothing that
  /// Errand posts can start Errand again.
  case bot

  /// Those that may start a job that does not say.
  package static let standard: [Lane] = [.owner, .member]
}

/// Who set something off.
package struct Actor: Sendable, Hashable {
  /// As the source names them: a login, a user's id, a source's name.
  package var name: String
  package var lane: Lane
  /// Another lane that a job must take as well, when nobody vouches for what the first one says: that of a
  /// program of strangers, or of a stranger who writes as a program does.
  package var alsoLane: Lane?

  package init(name: String, lane: Lane, alsoLane: Lane? = nil) {
    self.name = name
    self.lane = lane
    self.alsoLane = alsoLane
  }

  /// Whether a job that takes these lanes takes what this one sets off.
  package func isWelcome(in lanes: [Lane]) -> Bool {
    lanes.contains(lane) && (alsoLane.map(lanes.contains) ?? true)
  }

  /// Whoever runs this Errand.
  package static let owner = Actor(name: "the owner", lane: .owner)

  /// As templates, patterns and `/v1/firings` show it.
  package var json: JSON { ["name": .string(name), "lane": .string(lane.rawValue)] }
}
