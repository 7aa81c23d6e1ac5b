import GitSupport
import HTTPServer
import Hands
import JSON
import Processes
import Sessions
import Testing

@Suite struct RepositoryTokenTests {
  private static let token = "ghs_330001_c4nary.tOkEn.0123456789"

  @Test func `the token goes to the remote and nowhere else`() async throws {
    try await Upstream.with { upstream async throws in
      try await GitServer.with(root: upstream.folder, token: Self.token) { server async throws in
        let repositories = try upstream.repositories { reference in
          reference == "${env:GITHUB_TOKEN}" ? Self.token : "wrong"
        }
        let mount = upstream.mount(server.url("shop.git"), token: "${env:GITHUB_TOKEN}")
        try await Bench.with(repositories: repositories, mounting: [mount]) { bench async throws in
          #expect(try await bench.mountRepositories() == [])
          #expect(server.requests.count >= 2)
          #expect(server.leaks == [])
          #expect(try await bench.bash("cat shop/file.txt").text == "one\n")
          // Nowhere in the sandbox: no file, no variable, no process, no setting of git.
          let search =
            "grep -rIl c4nary / --exclude-dir=proc --exclude-dir=sys 2>/dev/null; env | grep c4nary; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep c4nary | grep -v grep; git -C shop config --list | grep -i -e c4nary -e extraheader"
          let found = try await bench.bash(search.replacing("c4nary", with: "c4n[a]ry")).text
          #expect(!found.contains(Self.token) && !found.contains("x-access-token"), "\(found)")
          #expect(
            try await bench.bash("git -C shop remote get-url origin").text.trimmed == server.url("shop.git"))
          // And nowhere on the host below what belongs to the session and to git.
          let host = try await Command(["grep", "-rl", Self.token, bench.root, "\(upstream.folder)/git-home"])
            .run()
          #expect(host.text == "")
        }
      }
    }
  }

  @Test func `a missing, wrong or narrow token is told apart, and never shown`() async throws {
    try await Upstream.with { upstream async throws in
      let forbids: @Sendable (HTTPRequest) -> HTTPResponse? = { request in
        switch request.path.split(separator: "/").first {
        case "narrow.git": .text(403, "Write access to repository not granted.")
        case "gone.git": .text(404, "Repository not found.")
        case "moved.git": HTTPResponse(status: 301, headers: [("Location", "http://127.0.0.1:1/x.git")])
        case "down.git": .text(503, "down")
        default: nil
        }
      }
      try await GitServer.with(root: upstream.folder, token: Self.token, answer: forbids) {
        server async throws in
        let cases: [(String, String?, String, Bool)] = [
          ("shop.git", nil, "repository_authentication_error", false),
          ("shop.git", "ghs_wrong_secret", "repository_authentication_error", false),
          ("narrow.git", Self.token, "repository_forbidden_error", false),
          ("gone.git", Self.token, "repository_not_found_error", false),
          ("moved.git", Self.token, "repository_not_found_error", false),
          ("down.git", Self.token, "repository_clone_error", true),
        ]
        for (name, token, type, isRetryable) in cases {
          let mount = upstream.mount(server.url(name), token: token)
          try await Bench.with(repositories: upstream.repositories(), mounting: [mount]) {
            bench async throws in
            let troubles = try await bench.mountRepositories()
            #expect(troubles.map(\.type) == [type], "\(name): \(troubles)")
            #expect(troubles.map(\.isRetryable) == [isRetryable])
            #expect(!"\(troubles)".contains(token ?? "no token"))
          }
        }
        #expect(server.leaks == [])
      }
    }
  }
}
