import Git
import Testing

@Suite struct NameTests {
  @Test(arguments: [
    "https://github.com/acme/shop.git", "https://github.com/acme/shop", "https://git.example:8443/a/b/c.git",
    "file:///srv/git/shop.git", "/srv/git/shop.git", "http://127.0.0.1:8080/acme/shop.git",
    "https://[2001:db8::1]:443/a",
  ])
  func `a plain address is taken`(text: String) throws {
    let url = try RepositoryURL(text)
    #expect(!url.name.isEmpty && !url.name.hasSuffix(".git"))
  }

  @Test(arguments: [
    "", "-c", "--upload-pack=touch /tmp/canary", "ext::sh -c touch% /tmp/canary", "fd::3",
    "git@github.com:a/b.git",
    "ssh://github.com/a/b", "http://github.com/a/b", "https://token@github.com/a/b",
    "https://u:p@github.com/a/b",
    "https:///a", "https://github.com", "https://github.com/", "https://github.com/../x", "file://host/x",
    "https://github.com/a b", "https://github.com/a\nb", "https://github.com/a\u{7}",
    "https://github.com/$(id)",
    "https://github.com/a`id`", "https://-oProxyCommand=x/a", "https://github.com:/a",
    "https://github.com:0/a", "https://github.com:99999/a",
    "https://g\u{456}thub.com/a",
    "https://github.com/a?x=1", "https://github.com/a#b", "relative/path", "/../etc",
    "https://github.com/.git",
    "https://github.com/a\\b",
  ])
  func `an address with more to it is refused with a sentence`(text: String) {
    #expect { try RepositoryURL(text) } throws: { error in
      let sentence = "\(error)"
      return sentence.contains("cannot be a repository's") && !sentence.contains("u:p")
        && !sentence.contains("token@")
        && sentence.unicodeScalars.allSatisfy { $0.value >= 0x20 }
    }
  }

  @Test func `an address is taken apart`() throws {
    let url = try RepositoryURL("https://GitHub.com/acme/shop.git")
    #expect(url.description == "https://github.com/acme/shop.git")
    #expect(url.fullName == "acme/shop")
    #expect(url.name == "shop")
    #expect(url.origin == "https://github.com")
    #expect(try [url, RepositoryURL("https://h:8443/a"), RepositoryURL("/a")].map(\.port) == [443, 8443, 0])
    #expect(try RepositoryURL("/srv/shop.git").description == "file:///srv/shop.git")
    #expect(try RepositoryURL("https://h/shop").fullName == nil)
  }

  @Test(arguments: ["main", "errand/42", "feature/ünïcode", "v1.2", "a-b_c"])
  func `a branch's name is taken`(name: String) throws {
    #expect(try BranchName(name).ref == "refs/heads/\(name)")
  }

  @Test(arguments: [
    "", "-f", "--upload-pack=x", "a..b", "a b", "a\n", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\", "/a",
    "a/",
    "a//b", ".a", "a/.b", "a.lock", "a.lock/b", "a.", "@", "a@{b", "HEAD", "refs/heads/a", "$(id)", "a`id`",
    "a;b",
    "a|b", "a&b", "a'b", "a\"b", "\u{7F}", String(repeating: "a", count: 201),
  ])
  func `a branch's name with more to it is refused`(name: String) {
    #expect { try BranchName(name) } throws: { "\($0)".contains("cannot be a branch's name") }
  }

  @Test func `local repositories are closed unless their folder is allowed`() throws {
    let url = try RepositoryURL("/srv/git/shop.git")
    #expect(throws: GitError.self) { try LocalRepositories.none.permit(url) }
    #expect(throws: GitError.self) { try LocalRepositories(below: ["/srv/gi"]).permit(url) }
    try LocalRepositories(below: ["/srv/git/"]).permit(url)
    #expect(throws: GitError.self) { try LocalRepositories.none.permit(RepositoryURL("http://127.0.0.1/a")) }
    try LocalRepositories.none.permit(RepositoryURL("https://github.com/a/b"))
  }
}
