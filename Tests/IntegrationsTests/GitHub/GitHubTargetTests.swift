import Callbacks
import Catalog
import Git
import GitSupport
import Glibc
import HTTPClient
import JSON
import Jobs
import Outbox
import PathSupport
import Primitives
import Processes
import Runs
import Signatures
import Store
import TestSupport
import Testing

@testable import Integrations

@Suite struct GitHubTargetTests {
  @Test func `commits become a branch and a pull request, once`() async throws {
    try await GitHubBench.with { bench in
      let delivery = try await bench.delivery([bench.commit()])
      let settings = bench.settings(["labels": ["bug"], "draft": true])
      guard case .delivered(let receipt) = try await bench.target.send(delivery, settings: settings) else {
        Issue.record("it was not delivered")
        return
      }
      let tip = try await bench.tip()
      #expect(receipt["pull_request"]?["number"] == 7)
      #expect(receipt["pull_request"]?["url"] == "https://github.com/acme/shop/pull/7")
      #expect(receipt["pull_request"]?["commit"]?.stringValue.map { $0 + "\n" } == tip)
      #expect(receipt["pull_request"]?["created"] == true)
      #expect(
        receipt["pull_request"]?["labels_refused"]?.stringValue?.contains("Label does not exist") == true)
      #expect(try await bench.upstream.shell("git -C shop.git log --format=%s errand/42") == "two\none\n")
      let pull = bench.api.now.pulls[0]
      #expect(pull["title"] == "Fix #42")
      // What only looks like a mark is none.
      #expect(pull["body"]?.stringValue == "I fixed it. <!-- dlv_fake -->\n\n<!-- errand:\(delivery.id) -->")
      #expect(bench.api.now.tokens == ["Bearer \(GitHubBench.token)"])

      // The report of that attempt was lost.
      guard case .delivered(let again) = try await bench.target.send(delivery, settings: settings) else {
        Issue.record("the repeat was not delivered")
        return
      }
      #expect(again["pull_request"]?["number"] == 7)
      #expect(again["pull_request"]?["created"] == false)
      #expect(bench.api.posts("/pulls") == 1)
      #expect(try await bench.tip() == tip)
      // Nothing is left on the host.
      #expect(try await bench.upstream.shell("ls git-home") == "config\n")
    }
  }

  @Test(arguments: [
    "<!-- errand:x -->", "<!-<!-- errand:x -->- errand:y -->", "<!-- errand:errand:x -->",
    "<!-- <!-- errand:errand:x -->", "<!-- errand:<!-- errand:errand:errand:x",
    "<!-- <!-- errand:<!-- errand:",
    "a <!-- errand:errand:errand:errand:errand:x --> b <!-- errand:",
  ])
  func `marks that are made of marks once one is removed are removed too`(text: String) {
    let body = GitHubText.body(text, mark: "<!-- errand:dlv_1 -->")
    #expect(body.hasSuffix("\n\n<!-- errand:dlv_1 -->"))
    #expect(body.split(separator: "<!-- errand:", omittingEmptySubsequences: false).count == 2, "\(body)")
  }

  @Test func `a pull request that somebody else opens at the same moment is a success`() async throws {
    try await GitHubBench.with { bench in
      bench.api.set {
        $0.isBlind = true
        $0.pulls = [["number": 3, "html_url": "u", "state": "open", "head": ["ref": "errand/42"]]]
      }
      let delivery = try await bench.delivery([bench.commit()])
      guard case .delivered(let receipt) = try await bench.target.send(delivery, settings: bench.settings())
      else {
        Issue.record("it was not delivered")
        return
      }
      #expect(receipt["pull_request"]?["number"] == 3)
      #expect(bench.api.posts("/pulls") == 1)
    }
  }

  @Test func `what it writes bears a mark that proves to this server whose it is, and is found again by it`()
    async throws
  {
    try await GitHubBench.with { bench in
      let marks = OwnMarks(key: [UInt8](repeating: 7, count: 32))
      let path = bench.path
      let target = GitHubTarget(
        Supplies(
          database: path.database, files: path.files,
          links: FileLinks(base: nil, path: "/v1/files/:id/content", key: []),
          client: bench.target.client, git: bench.target.git, local: bench.target.local,
          environment: ["GITHUB_API_URL": bench.api.url], marks: marks, time: .system))
      let delivery = try await bench.delivery([bench.commit()])
      let settings = bench.settings(
        [:], comment: ["issue": "42", "body": .string(String(repeating: "é", count: 70_000))])
      for _ in 0..<2 {
        guard case .delivered = try await target.send(delivery, settings: settings) else {
          Issue.record("it was not delivered")
          return
        }
      }
      let pull = try #require(bench.api.now.pulls.first?["body"]?.stringValue)
      #expect(marks.stands(in: pull, at: "acme/shop errand/42", whole: false))
      #expect(bench.api.now.comments.count == 1)
      let comment = try #require(bench.api.now.comments.first?["body"]?.stringValue)
      #expect(marks.stands(in: comment, at: "acme/shop", whole: true))
      #expect(comment.unicodeScalars.count <= GitHubText.longestBody)
      #expect(!marks.stands(in: comment.replacing("…", with: "!"), at: "acme/shop", whole: true))
    }
  }

  @Test func `without commits there is no pull request, and after a failure a comment says why`() async throws
  {
    try await GitHubBench.with { bench in
      let nothing = try await bench.target.send(bench.delivery([]), settings: bench.settings())
      #expect(
        nothing
          == .hopeless(
            reason:
              "The run made no commits, so there is nothing to open a pull request with. The agent must commit what it changes."
          ))
      let failed = try await bench.delivery([], state: "failed")
      let settings = bench.settings(comment: ["issue": "42"])
      for created in [true, false] {
        guard case .delivered(let receipt) = try await bench.target.send(failed, settings: settings) else {
          Issue.record("it was not delivered")
          return
        }
        #expect(receipt["note"] == "The run ended failed, so there is no pull request.")
        #expect(receipt["comment"]?["created"] == .bool(created))
      }
      #expect(
        bench.api.now.comments.map { $0["body"]?.stringValue } == [
          "The run ended failed: Because.\n\n<!-- errand:\(failed.id) -->"
        ])
    }
  }

  @Test func `a branch with other commits is left alone, unless it may be replaced`() async throws {
    try await GitHubBench.with(
      "echo one > file.txt; git add .; git commit -qm one; git checkout -q --orphan o; git commit -qm other; git push -q ../shop.git o:refs/heads/errand/42; git checkout -q main"
    ) { bench in
      let (delivery, before) = (try await bench.delivery([bench.commit()]), try await bench.tip())
      guard case .hopeless(let reason) = try await bench.target.send(delivery, settings: bench.settings())
      else {
        Issue.record("it was overwritten")
        return
      }
      #expect(reason.contains("has other commits") && reason.contains("replace: true"))
      #expect(try await bench.tip() == before)
      guard
        case .delivered = try await bench.target.send(delivery, settings: bench.settings(["replace": true]))
      else {
        Issue.record("it was not replaced")
        return
      }
      #expect(try await bench.upstream.shell("git -C shop.git log --format=%s errand/42") == "two\none\n")
    }
  }

  @Test func `what an agent makes of its commits cannot harm the host or the remote`() async throws {
    // A tree that would put a hook into whoever checks it out; a file that is no bundle; one cut short.
    let trees = """
      blob=$(echo 'touch canary' | git hash-object -w --stdin)
      inner=$(printf '100755 blob %s\\tpost-checkout\\n' $blob | git mktree)
      tree=$(perl -e 'print "40000 .git\\0", pack("H*", $ARGV[0])' $inner | git hash-object -w -t tree --literally --stdin)
      git update-ref refs/heads/main $(git commit-tree -p HEAD -m evil $tree)
      """
    for (script, after) in [
      (trees, ""),
      ("echo x > x; git add x; git commit -qm x", "head -c 300 commits.bundle > c && mv c commits.bundle"),
      ("git commit -q --allow-empty -m x", "echo no > commits.bundle"),
    ] {
      try await GitHubBench.with { bench in
        let file = try await bench.commit(script + (after.isEmpty ? "" : "\ntrap 'cd ..; \(after)' EXIT"))
        let attempt = try await bench.target.send(bench.delivery([file]), settings: bench.settings())
        guard case .hopeless(let reason) = attempt else {
          Issue.record("\(attempt)")
          return
        }
        #expect(reason.contains("The commits are not sound"))
        #expect(try await bench.tip() == "")
        #expect(!bench.upstream.hasCanary)
        #expect(bench.api.now.requests.isEmpty)
      }
    }
  }

  @Test func `the token is pushed with over HTTP and seen nowhere`() async throws {
    try await GitHubBench.with { bench in
      try await GitServer.with(root: bench.upstream.folder, token: GitHubBench.token) { server async throws in
        let file = try await bench.commit(url: server.url("shop.git"))
        let attempt = try await bench.target.send(bench.delivery([file]), settings: bench.settings())
        guard case .delivered(let receipt) = attempt else {
          Issue.record("\(attempt)")
          return
        }
        #expect(server.requests.contains("POST /shop.git/git-receive-pack"))
        #expect(server.leaks == [])
        #expect(!receipt.text.contains(GitHubBench.token))
        let found = try await Command([
          "grep", "-rl", GitHubBench.token, bench.upstream.folder, bench.path.folder.path,
        ]).run()
        #expect(found.text == "")
        // A token that is refused is not shown either.
        let wrong = bench.settings(["branch": "errand/43"], ["token": "ghs_wrong_secret"])
        let refused = try await bench.target.send(
          bench.delivery([bench.commit(url: server.url("shop.git"))]), settings: wrong)
        guard case .hopeless(let reason) = refused else {
          Issue.record("\(refused)")
          return
        }
        #expect(reason.contains("wants a token") && !reason.contains("ghs_"))
      }
    }
  }

  @Test(arguments: [
    ("github.com", "https://api.github.com", true), ("evil.example", "https://api.github.com", false),
    ("ghe.corp", "https://ghe.corp/api/v3", true), ("github.com", "https://ghe.corp/api/v3", false),
    ("127.0.0.1:8080", "http://127.0.0.1:9090", true), ("10.0.0.1", "http://127.0.0.1:9090", false),
  ])
  func `a token is sent only to where its API is`(host: String, api: String, belongs: Bool) async throws {
    #expect(GitHubTarget.belongs(host, toAPI: api) == belongs)
  }

  private static let answers: [(Int, [(String, String)], String, Duration?, Bool)] = [
    (401, [], "Bad credentials", nil, false), (404, [], "Not Found", nil, false),
    (403, [], "Resource not accessible by integration", nil, false),
    (422, [], "Validation Failed", nil, false),
    (451, [], "Blocked", nil, false), (301, [], "Moved Permanently", nil, false),
    (403, [("retry-after", "90")], "x", .seconds(90), true),
    (429, [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1100")], "x", .seconds(101), true),
    (403, [], "You have exceeded a secondary rate limit", .seconds(240), true),
    (429, [], "x", .seconds(240), true),
    (500, [], "x", nil, true), (502, [], "x", nil, true), (409, [], "x", nil, true),
  ]

  @Test func `answers are told apart`() {
    for (status, headers, message, wait, isRetried) in Self.answers {
      let response = HTTPClient.Response(
        status: status, headers: HTTPClient.Headers(headers.map { (name: $0.0, value: $0.1) }),
        body: (["message": .string(message)] as JSON).bytes)
      let error = GitHubError(response, doing: "commenting", attempts: 2, now: Timestamp(seconds: 1000))
      switch error {
      case .retry(let reason, let after):
        #expect(isRetried && after == wait, "\(status) \(headers): \(error)")
        #expect(reason.contains("GitHub answered \(status) to commenting"))
      case .hopeless: #expect(!isRetried, "\(status) \(headers): \(error)")
      }
    }
  }

  @Test(arguments: [
    ("Repository was archived so is read-only.", "unarchive it"),
    ("Unable to create comment because issue is locked.", "unlock it"),
    ("Resource protected by organization SAML enforcement.", "single sign-on"),
    ("Repository access blocked", "lift the block"),
    ("Projects are disabled for this repository", "switch it on"),
    (
      "Although you appear to have the correct authorization credentials, the organization has an IP allow list enabled.",
      "add this server's"
    ),
    ("Resource not accessible by personal access token", "The token lacks the permission"),
  ])
  func `a 403 is not always a lack of rights`(message: String, remedy: String) {
    let response = HTTPClient.Response(
      status: 403, headers: HTTPClient.Headers([]), body: (["message": .string(message)] as JSON).bytes)
    let error = GitHubError(response, doing: "commenting", attempts: 0, now: Timestamp(seconds: 1000))
    guard case .hopeless(let reason) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(reason.contains(remedy))
    #expect(reason.contains("lacks the permission") == (remedy == "The token lacks the permission"))
  }

  @Test func `what the trigger brings can name no secret`() async throws {
    try await withPath(environment: ["GITHUB_TOKEN": "the token", "DESK_SECRET": Path.secret]) { path in
      let callback: JSON = [
        "github": [
          "pull_request": [
            "branch": "errand/{{trigger.body.number}}",
            "title": "Fix {{trigger.body.title}} ${env:DESK_SECRET}",
          ]
        ]
      ]
      try await path.apply(JobDefinition(and: ["callbacks": [callback]]))
      let start = try await path.start(
        "job", .request(key: nil), trigger: "manual",
        [
          "body": [
            "number": 42, "title": "$${env:GITHUB_TOKEN} {{trigger.id}} $",
            "repository": ["full_name": "acme/shop"],
          ]
        ])
      let run = try await path.run(try #require(start.firing.run))
      let settings = try #require(run.snapshot.destinations.first?.settings)
      #expect(settings.shown["repository"] == "acme/shop")
      #expect(settings.shown["token"] == "${env:GITHUB_TOKEN}")
      let resolved = try path.secrets.resolve(settings)
      #expect(
        resolved["pull_request"]?["title"]?.stringValue
          == "Fix $${env:GITHUB_TOKEN} {{trigger.id}} $ \(Path.secret)")
      #expect(resolved["pull_request"]?["branch"] == "errand/42")
    }
  }
}
