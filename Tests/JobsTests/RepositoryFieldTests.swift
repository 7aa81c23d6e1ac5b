import Git
import JSON
import Testing

@testable import Jobs

@Suite("The repositories of a job")
struct RepositoryFieldTests {
  private static func job(_ repositories: String) -> String {
    """
    name: brief
    agent: writer
    environment: bench
    input:
      message: prompt.md
      repositories:
    \(repositories.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n"))
    """
  }

  @Test func `are read with everything they say`() throws {
    let bundle = try Gallery(
      Gallery.files(
        job: Self.job(
          """
          - {url: "{{trigger.body.clone_url}}", mount: /workspace/repo, token: "${env:GITHUB_TOKEN}"}
          - {url: "https://github.com/acme/shop.git", checkout: dev, depth: 0, hosts: [GitHub.com]}
          - {url: "https://github.com/acme/tools", checkout: {commit: 0123456789abcdef0123456789abcdef01234567}}
          """))
    ).load()
    let job = try bundle.checked(kinds: Gallery.kinds).jobs[0]
    #expect(
      job.repositories == [
        JobRepository(
          url: "{{trigger.body.clone_url}}", mount: "/workspace/repo", token: "${env:GITHUB_TOKEN}"),
        JobRepository(
          url: "https://github.com/acme/shop.git", checkout: .branch("dev"), hosts: ["github.com"], depth: 0),
        JobRepository(
          url: "https://github.com/acme/tools", checkout: .commit("0123456789abcdef0123456789abcdef01234567")),
      ])
    for repository in job.repositories { #expect(JobRepository(json: repository.json) == repository) }
  }

  @Test(arguments: [
    ("- {url: \"ext::sh -c id\"}", "repositories[0].url: “ext::sh -c id” cannot be a repository's"),
    ("- {url: \"http://github.com/a/b\"}", "Use https://"),
    ("- {url: \"{{trigger\"}", "repositories[0].url: A \"{{\" has no"),
    ("- {url: \"https://github.com/a/b\", mount: /etc}", "\"/etc\" cannot be used"),
    ("- {url: \"https://github.com/a/b\", mount: /workspace/../x}", "cannot be used"),
    ("- {url: \"https://github.com/a/b\", mount: /workspace/.git}", "cannot be used"),
    ("- {url: \"https://github.com/a/b\", token: ghp_123}", "A token must not stand in a file"),
    ("- {url: \"https://github.com/a/b\", checkout: --force}", "cannot be a branch's name"),
    ("- {url: \"https://github.com/a/b\", checkout: {commit: abc}}", "is no commit"),
    ("- {url: \"https://github.com/a/b\", brnach: x}", "is no field of a repository"),
    ("- {url: \"https://github.com/a/b\"}\n- {url: \"https://github.com/c/b\"}", "Another repository is at"),
  ])
  func `are told what is wrong, and where`(repositories: String, sentence: String) throws {
    let problems = try Gallery(Gallery.files(job: Self.job(repositories))).problems()
    #expect(problems.count == 1 && problems[0].contains(sentence), "\(problems)")
    #expect(problems.first?.hasPrefix("brief/job.yaml:") == true)
  }

  private static func context(_ url: String, branch: String = "main") -> JSON {
    ["trigger": ["body": ["clone_url": .string(url), "branch": .string(branch)]]]
  }

  @Test(arguments: [
    ("ext::sh -c id", "main"), ("--upload-pack=id", "main"), ("https://github.com/a/b\n", "main"),
    ("https://evil.example/a/b", "main"), ("https://github.com/a/b", "--upload-pack=id"),
    ("https://github.com/a/b", "x;id"), ("https://github.com@evil.example/a", "main"),
  ])
  func `are checked again with what the trigger brings`(url: String, branch: String) throws {
    let repository = JobRepository(
      url: "{{trigger.body.clone_url}}", checkout: .branch("{{trigger.body.branch}}"),
      token: "${env:GITHUB_TOKEN}")
    let context = Self.context(url, branch: branch)
    #expect(throws: (any Error).self) { try repository.resolved(context: context) }
  }

  @Test func `send a token only where it belongs`() throws {
    var repository = JobRepository(url: "{{trigger.body.clone_url}}", token: "${env:GITHUB_TOKEN}")
    let right = try repository.resolved(context: Self.context("https://github.com/acme/shop.git"))
    #expect(right.mount == "/workspace/shop")
    #expect(right.token?.references == [.environment("GITHUB_TOKEN")])
    let elsewhere = Self.context("https://ghe.corp/acme/shop.git")
    #expect(throws: JobRepositoryError.closedHost("ghe.corp", allowed: ["github.com"])) {
      try repository.resolved(context: elsewhere)
    }
    repository.hosts = ["ghe.corp"]
    #expect(try repository.resolved(context: elsewhere).url.host == "ghe.corp")
  }
}
