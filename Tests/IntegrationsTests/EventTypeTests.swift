import Hooks
import JSON
import Jobs
import Reading
import Testing

@testable import Integrations

/// Types that a `match` waits for in vain.
@Suite struct EventTypeTests {
  @Test(
    arguments: [
      ([.string("isues.opened")], "isues.opened", "Did you mean \"issues.opened\"?"),
      (
        [.string("issues")], "issues", "such as \"issues.assigned\". For all of them write {prefix: issues.}."
      ),
      ([["prefix": "isues."]], "isues.", "would never match."),
      ([.string("ping")], "ping", "would never match."),
    ] as [([JSON], String, String)])
  func `a type that GitHub does not send is named with the nearest`(
    types: [JSON], type: String, ending: String
  ) throws {
    let found = Pattern.unknownTypes(["type": .array(types)], known: GitHubSource.eventTypes)
    let problem = try #require(found.first)
    #expect(found.count == 1)
    #expect(problem.path.description.hasPrefix("type[0]"))
    #expect(problem.message.contains("\"\(type)\""))
    #expect(problem.message.hasSuffix(ending), "\(problem.message)")
  }

  @Test(
    arguments: [
      ["type": ["issues.opened", "push", ["prefix": "pull_request."], "repository_dispatch.deploy"]],
      ["type": [["anything-but": ["isues.opened"]], ["wildcard": "isues.*"]]], ["body": ["type": ["isues"]]],
    ] as [JSON])
  func `what GitHub sends, or may mean something else, is left`(pattern: JSON) {
    #expect(Pattern.unknownTypes(pattern, known: GitHubSource.eventTypes).isEmpty)
  }

  @Test func `alternatives are looked at too`() {
    let pattern: JSON = ["$or": [["type": ["push"]], ["type": ["pusch"]]]]
    #expect(
      Pattern.unknownTypes(pattern, known: GitHubSource.eventTypes).map(\.path.description) == [
        "[\"$or\"][1].type[0]"
      ])
  }

  @Test func `a Slack message has its subtype, not its channel's kind`() {
    func unknown(_ type: String) -> Bool {
      !Pattern.unknownTypes(["type": [.string(type)]], known: SlackSource.eventTypes).isEmpty
    }
    #expect(unknown("message.channels"))
    #expect(!unknown("message"))
    #expect(!unknown("message.file_share"))
    #expect(!unknown("slash_command"))
  }

  @Test func `a secret that no scheme takes is told when it is known`() {
    let shape = Integrations.kinds.sources.first { $0.name == "generic" }
    #expect(shape?.checkResolved(["secret": "not base64!"]).map(\.path.description) == ["secret"])
    #expect(shape?.checkResolved(["secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]).isEmpty == true)
  }
}
