import Foundation
import GitSupport
import JSON
import Processes
import Testing

@testable import CLI

/// A repository of a session over the wire: cloned with the token that the client gave, and after its rotation with
/// the new one only.
@Suite(.timeLimit(.minutes(5))) struct RepositoryRotationTests {
  private static let first = "ghp_c4naryFirstToken0123456789"
  private static let second = "ghp_c4narySecondToken987654321"

  @Test func `a rotated token is what counts, and neither shows anywhere`() async throws {
    try await Upstream.with { upstream async throws in
      try await GitServer.with(root: upstream.folder, token: Self.first) { git async throws in
        try await Served.with(["ERRAND_LOCAL_REPOSITORIES": upstream.folder]) { served in
          let (agent, environment) = try await served.prepared(policy: "always_allow")
          func session() async throws -> (id: String, resource: String) {
            let made = try await served.made(
              "sessions",
              """
              agent: \(agent)
              environment_id: \(environment)
              resources:
                - {type: github_repository, url: "\(git.url("shop.git"))", authorization_token: \(Self.first)}
              """)
            return (
              try #require(made["id"]?.stringValue), try #require(made["resources"]?[0]?["id"]?.stringValue)
            )
          }
          func say(_ id: String, _ text: String) async throws -> String {
            let output = try await served.errand("sessions", "chat", id, "--verbose", input: text + "\n")
            #expect(output.exit == .code(0), "\(output.errorText)")
            return output.text + output.errorText
          }
          // The token that the session was made with opens the repository.
          let one = try await session()
          var told = try await say(one.id, "run: cat shop/file.txt; env; cat /proc/[0-9]*/environ")
          #expect(told.contains("It said: one"), "\(told)")
          #expect(git.refused == 0)

          // The remote's token changes. What a session was told before is refused, and said so.
          let two = try await session()
          git.rotate(to: Self.second)
          told += try await say(two.id, "run: ls shop")
          let listed = try await served.errand("sessions", "resources", "get", two.id, two.resource)
          let types = try await events(served, two.id).compactMap { $0["error"]?["type"]?.stringValue }
          #expect(types == ["repository_authentication_error"])
          #expect(git.refused > 0)

          // The same session, in the same process, clones once it is told the new one.
          let rotated = try await served.errand(
            "sessions", "resources", "update", two.id, two.resource,
            input: "authorization_token: \(Self.second)\n")
          #expect(rotated.exit == .code(0), "\(rotated.errorText)")
          let refused = git.refused
          told += try await say(
            two.id, "run: cat shop/file.txt; git -C shop config --list; git -C shop remote -v")
          #expect(told.components(separatedBy: "It said: one").count == 3, "\(told)")
          #expect(git.refused == refused)

          // Neither token is told, logged, kept in the sandbox, or seen in the list of processes.
          for id in [one.id, two.id] {
            told += try await events(served, id).map(\.text).joined()
            told += try await served.errand("sessions", "get", id).text
          }
          told += listed.text + rotated.text + served.log
          #expect(!told.contains("c4nary"))
          #expect(git.leaks == [])
          let kept = try await Command(
            ["grep", "-rl", "c4nary", "\(served.folder)/data/workspaces", "\(served.folder)/data/git"]
          ).run()
          #expect(kept.text == "")
        }
      }
    }
  }

  private func events(_ served: Served, _ id: String) async throws -> [JSON] {
    let server = try Server(url: served.url, key: .option("test"))
    return try await server.get(["v1", "sessions", id, "events"])["data"]?.arrayValue ?? []
  }
}
