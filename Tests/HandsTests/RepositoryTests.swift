import GitSupport
import Glibc
import HTTPClient
import JSON
import Primitives
import Processes
import Sessions
import Testing

@testable import Git
@testable import Hands

@Suite struct RepositoryTests {
  @Test(arguments: Bench.kinds)
  func `a repository is cloned, and commits come out as a bundle`(kind: SandboxKind) async throws {
    try await Upstream.with { upstream async throws in
      let base = try await upstream.shell("git -C shop.git rev-parse main").trimmed
      try await Bench.with(kind, repositories: upstream.repositories(), mounting: [upstream.mount()]) {
        bench async throws in
        #expect(try await bench.mountRepositories() == [])
        #expect(
          try await bench.bash("cd $ERRAND_WORKSPACE/shop && cat file.txt && git status -sb").text
            == "one\n## main...origin/main\n")
        #expect(try await bench.bash("git remote get-url origin").text.trimmed == "file://\(upstream.bare)")
        #expect(try await bench.hands.collect() == [])

        try await bench.bash(
          "echo two >> file.txt && git commit -qam two && git checkout -qb side && echo 3 > 3 && git add 3 && git commit -qm three && git checkout -q main"
        )
        let files = try await bench.hands.collect()
        try #require(files.map(\.path) == ["shop.bundle"])
        #expect(files[0].mimeType == "application/x-git-bundle")
        #expect(files[0].metadata?["base_commit"]?.stringValue == base)
        #expect(files[0].metadata?["branch"] == "main")
        #expect(files[0].metadata?["repository"]?.stringValue == "file://\(upstream.bare)")
        // Whoever has the base can take the commits in.
        try await upstream.shell(
          "git clone -q shop.git check && cd check && git fetch -q \(files[0].copy) main:new side:side && git log --format=%s new side > ../log"
        )
        #expect(try await upstream.shell("sort log") == "one\nthree\ntwo\n")
        for file in files { unlink(file.copy) }
        // A second look clones nothing anew.
        #expect(try await bench.mountRepositories() == [])
        #expect(try await bench.bash("cat file.txt").text == "one\ntwo\n")
      }
    }
  }

  @Test func `history, branch and commit are chosen`() async throws {
    try await Upstream.with(
      "for i in 1 2 3; do echo $i > f; git add f; git commit -qm $i; done; git push -q ../shop.git HEAD~1:refs/heads/dev"
    ) { upstream async throws in
      let first = try await upstream.shell("git -C shop.git rev-parse main~2").trimmed
      let mounts = [
        upstream.mount(path: "/workspace/a"),
        upstream.mount(checkout: ["type": "branch", "name": "dev"], path: "/workspace/b", depth: 0),
        upstream.mount(checkout: ["type": "commit", "sha": .string(first)], path: "/workspace/c"),
      ].enumerated().map { index, mount in
        var mount = mount
        mount.id = "r\(index)"
        return mount
      }
      try await Bench.with(repositories: upstream.repositories(), mounting: mounts) { bench async throws in
        #expect(try await bench.mountRepositories() == [])
        let log =
          "for r in a b c; do git -C $r log --format=%s | tr '\\n' ' '; git -C $r branch --show-current; done"
        #expect(try await bench.bash(log).text == "3 main\n2 1 dev\n1 ")
        #expect(
          try await bench.bash("git -C c fsck && cd c && echo x > x && git add x && git commit -qm detached")
            .isError == false)
        let files = try await bench.hands.collect()
        #expect(files.map(\.path) == ["c.bundle"])
        #expect(files.first?.metadata?["branch"] == .null)
        for file in files { unlink(file.copy) }
      }
    }
  }

  @Test func `what cannot be cloned is told in a sentence`() async throws {
    try await Upstream.with { upstream async throws in
      let cases: [(RepositoryMount, String, String)] = [
        (
          upstream.mount("file://\(upstream.folder)/none.git"), "repository_not_found_error",
          "There is no repository at"
        ),
        (
          upstream.mount(checkout: ["type": "branch", "name": "nope"]), "repository_checkout_error",
          "has no branch nope"
        ),
        (
          upstream.mount(checkout: ["type": "commit", "sha": .string(String(repeating: "a", count: 40))]),
          "repository_checkout_error", "has no commit aaaa"
        ),
        (upstream.mount("file:///etc/shop.git"), "repository_forbidden_error", "ERRAND_LOCAL_REPOSITORIES"),
        (
          upstream.mount("ext::sh -c 'touch \(upstream.canary)'"), "repository_clone_error",
          "cannot be a repository's"
        ),
        (upstream.mount("http://127.0.0.1:1/a/b.git"), "repository_clone_error", "cannot be reached"),
      ]
      for (mount, type, text) in cases {
        try await Bench.with(repositories: upstream.repositories(), mounting: [mount]) { bench async throws in
          let troubles = try await bench.mountRepositories()
          #expect(troubles.map(\.type) == [type])
          #expect(troubles.first?.message.contains(text) == true, "\(troubles)")
          #expect(troubles.first?.isRequired == true)
        }
      }
      #expect(!upstream.hasCanary)
    }
  }

  @Test(arguments: [true, false])
  func `a HEAD whose branch is gone is told with the branches that are there`(isLeftOver: Bool) async throws {
    try await Upstream.with { upstream async throws in
      try await upstream.shell(
        "git -C shop.git update-ref refs/heads/dev main; git -C shop.git symbolic-ref HEAD refs/heads/gone")
      if !isLeftOver {
        try await upstream.shell(
          "git -C shop.git update-ref -d refs/heads/main; git -C shop.git update-ref -d refs/heads/dev")
      }
      try await Bench.with(repositories: upstream.repositories(), mounting: [upstream.mount()]) {
        bench async throws in
        let troubles = try await bench.mountRepositories()
        #expect(troubles.map(\.type) == ["repository_checkout_error"])
        #expect(troubles.first?.isRetryable == false)
        #expect(
          troubles.first?.message
            == (isLeftOver
              ? "The HEAD of file://\(upstream.bare) names a branch that is not there (any more), so it has no default "
                + "branch. Name one in “checkout”, such as “checkout: main”. Its branches are main, dev."
              : "file://\(upstream.bare) has no commits yet. Push a first one."))
      }
      // With a branch it is as any other.
      guard isLeftOver else { return }
      let mount = upstream.mount(checkout: ["type": "branch", "name": "dev"])
      try await Bench.with(repositories: upstream.repositories(), mounting: [mount]) { bench async throws in
        #expect(try await bench.mountRepositories() == [])
      }
    }
  }

  @Test func `the agent is told once what a clone does not bring`() async throws {
    try await Upstream.with(
      """
      echo one > file.txt; git init -q ../lib; git -C ../lib commit -q --allow-empty -m lib
      git -c protocol.file.allow=always submodule --quiet add ../lib 'libs/a b'
      echo '*.bin filter=lfs diff=lfs merge=lfs -text' > .gitattributes
      mkdir data
      for name in data/big.bin stray.dat; do
        printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 123456789\n' 0 > $name
      done
      echo real > small.bin; git add .; git commit -qm one
      """
    ) { upstream async throws in
      try await Bench.with(repositories: upstream.repositories(), mounting: [upstream.mount()]) {
        bench async throws in
        #expect(try await bench.mountRepositories() == [])
        let first = try await bench.hands.execute("bash", ["command": "cat shop/file.txt"])
        #expect(first.content.count == 2 && first.content[0]["text"] == "one\n")
        #expect(
          first.content.last?["text"]?.stringValue
            == "[About the clone at /workspace/shop: It has 1 submodule (libs/a b), which were not fetched: their folders "
            + "are empty. It has 2 files (data/big.bin, stray.dat) in Git LFS, of which only the pointers are there and "
            + "not the contents. They cannot be fetched from here. If the work needs them, say so.]")
        #expect(try await bench.hands.execute("bash", ["command": "true"]).content.count == 1)
      }
    }
  }

  @Test func `a repository at an address that sandboxes do not reach is not asked for`() async throws {
    let listener = try Listener()
    let names = NameLookup { host in
      guard host == "inside.example" else { throw NameLookup.Failure("no such name") }
      return [IPAddress("10.1.2.3")!, IPAddress("127.0.0.1")!]
    }
    let egress = EgressSettings(names: names)
    // An open port, a closed one, and others' addresses.
    let hosts = [
      "127.0.0.1:\(listener.port)", "127.0.0.1:1", "10.0.0.1", "169.254.169.254", "[::1]:\(listener.port)",
      "2130706433",
      "0x7f.1", "[::ffff:127.0.0.1]", "inside.example", "inside.example.:\(listener.port)",
    ]
    try await Upstream.with { upstream async throws in
      for host in hosts {
        let url = "https://\(host)/x/y.git"
        try await Bench.with(
          repositories: upstream.repositories(), mounting: [upstream.mount(url)], egress: egress
        ) { bench async throws in
          let troubles = try await bench.mountRepositories()
          #expect(troubles.map(\.type) == ["repository_forbidden_error"])
          #expect(
            troubles.first?.message
              == "\(url) may not be used: it has no public address of another machine, and others are cloned from only "
              + "if the operator of this server lists them (--allow-private).")
        }
      }
    }
    #expect(!listener.hasCaller)
  }

  @Test func `git connects to the addresses that were judged, and looks no name up`() async throws {
    let names = NameLookup { host in
      guard host == "git.example" else { throw NameLookup.Failure("no such name") }
      return [IPAddress("10.1.2.3")!, IPAddress("127.0.0.1")!]
    }
    let egress = EgressSettings(allowing: ["127.0.0.1/32"], names: names)
    let cases = [
      // git's own words about a port where nobody listens.
      ("git.example", "Failed to connect to git.example port 1"),
      ("none.example", "its host could not be resolved: no such name."),
    ]
    try await Upstream.with { upstream async throws in
      for (host, text) in cases {
        let mount = upstream.mount("https://\(host):1/x/y.git")
        try await Bench.with(repositories: upstream.repositories(), mounting: [mount], egress: egress) {
          bench async throws in
          let troubles = try await bench.mountRepositories()
          #expect(troubles.map(\.type) == ["repository_clone_error"])
          #expect(troubles.first?.message.contains(text) == true, "\(troubles)")
        }
      }
    }
  }

  @Test func `a repository without commits, and one that is too large`() async throws {
    try await Upstream.with(
      "head -c 3000000 /dev/urandom > big; git add big; git commit -qm big; git init -q --bare ../empty.git"
    ) { upstream async throws in
      var limits = Git.Limits()
      limits.size = 1 << 20
      let small = Repositories(
        git: try Git(home: "\(upstream.folder)/small", limits: limits),
        local: LocalRepositories(below: [upstream.folder]), secret: { $0.stringValue ?? "" })
      let empty = upstream.mount("file://\(upstream.folder)/empty.git")
      for (mount, text) in [(upstream.mount(), "more than 1 MiB"), (empty, "has no commits yet")] {
        try await Bench.with(repositories: small, mounting: [mount]) { bench async throws in
          let troubles = try await bench.mountRepositories()
          #expect(troubles.first?.message.contains(text) == true, "\(troubles)")
        }
      }
    }
  }

  /// Hooks, filters, attributes, links, submodules and names made to run something or to reach outside.
  private static let hostile = #"""
    mkdir -p .git/hooks sub .githooks
    printf '#!/bin/sh\ntouch "%s"\n' "$CANARY" > evil; chmod +x evil
    for h in post-checkout post-merge pre-commit post-index-change reference-transaction fsmonitor-watchman; do
      cp evil .githooks/$h; cp evil ../shop.git/hooks/$h; done
    for h in pre-receive update post-receive post-update pre-push; do cp evil ../shop.git/hooks/$h; done
    chmod -x ../shop.git/hooks/*receive ../shop.git/hooks/*update* ../shop.git/hooks/reference*
    printf '* filter=evil diff=evil merge=evil text\n' > .gitattributes
    printf '[filter "evil"]\n smudge = touch %s\n clean = touch %s\n process = touch %s\n required = true\n[core]\n hooksPath = .githooks\n fsmonitor = ./evil\n sshCommand = ./evil\n[include]\n path = ./.gitconfig\n' "$CANARY" "$CANARY" "$CANARY" > .gitconfig
    cp .gitconfig config
    printf '[submodule "x"]\n path = sub/x\n url = ext::sh -c touch%%20%s\n update = !touch %s\n[submodule "y"]\n path = sub/y\n url = -u./evil\n' "$CANARY" "$CANARY" > .gitmodules
    ln -s /etc/passwd passwd; ln -s / root; ln -s ../../../../../../tmp tmp
    touch -- '--upload-pack=touch canary' '-rf' '$(touch canary)' '`touch canary`'
    git add -A; git commit -qm hostile
    git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub/x
    git commit -qm submodule
    git push -q ../shop.git 'HEAD:refs/heads/x;touch${IFS}$CANARY' 'HEAD:refs/heads/--upload-pack=touch'
    chmod +x ../shop.git/hooks/*
    printf '[uploadpack]\n packObjectsHook = touch %s;\n[core]\n fsmonitor = touch %s\n alternateRefsCommand = touch %s\n' "$CANARY" "$CANARY" "$CANARY" >> ../shop.git/config
    chmod -x ../shop.git/hooks/*receive ../shop.git/hooks/*update* ../shop.git/hooks/reference*
    """#

  @Test func `nothing of a hostile repository runs or reaches outside of the sandbox`() async throws {
    try await Upstream.with(Self.hostile) { upstream async throws in
      try await upstream.shell("chmod +x shop.git/hooks/*; rm -f \(upstream.canary)")
      let repositories = try upstream.repositories()
      try await Bench.with(repositories: repositories, mounting: [upstream.mount()]) { bench async throws in
        #expect(try await bench.mountRepositories() == [])
        #expect(!upstream.hasCanary)
        let listing = try await bench.bash("cd shop && ls -A && cat passwd && ls tmp/")
        #expect(listing.text.contains("--upload-pack=touch canary"))
        // Links of the repository lead to what the sandbox has under that name.
        #expect(listing.text.contains("agent:x:1000"))
        #expect(!listing.text.contains("errand-upstream"))
        // Inside, the agent may be fooled; it is only the sandbox that pays.
        try await bench.bash(
          "cp .gitconfig .git/config.d; echo hi > new; git add new; git commit -qm new; git config core.hooksPath .githooks; git config filter.evil.smudge ./evil; git config core.fsmonitor ./evil; git checkout -q -f HEAD~1; git checkout -qf main"
        )
        let files = try await bench.hands.collect()
        #expect(files.map(\.path) == ["shop.bundle"])
        for file in files { unlink(file.copy) }
        #expect(!upstream.hasCanary)
      }
      for name in ["x;touch${IFS}$CANARY", "--upload-pack=touch", "-b"] {
        let mount = upstream.mount(checkout: ["type": "branch", "name": .string(name)])
        try await Bench.with(repositories: repositories, mounting: [mount]) { bench async throws in
          let troubles = try await bench.mountRepositories()
          #expect(troubles.first?.message.contains("cannot be a branch's name") == true)
        }
      }
      #expect(!upstream.hasCanary)
    }
  }

  @Test func `a small pack that unpacks to a huge file ends at the sandbox's limit`() async throws {
    try await Upstream.with("truncate -s 200M huge; git add huge; git commit -qm huge") {
      upstream async throws in
      var limits = SandboxLimits()
      limits.fileSize = 20 << 20
      try await Bench.with(
        limits: limits, repositories: upstream.repositories(), mounting: [upstream.mount()]
      ) {
        bench async throws in
        let troubles = try await bench.mountRepositories()
        #expect(troubles.first?.message.contains("failed in the sandbox") == true, "\(troubles)")
      }
    }
  }

  @Test func `a bundle that is too large is left out with a reason`() async throws {
    var limits = SandboxLimits()
    limits.bundle = 100_000
    try await Upstream.with { upstream async throws in
      try await Bench.with(
        limits: limits, repositories: upstream.repositories(), mounting: [upstream.mount()]
      ) {
        bench async throws in
        _ = try await bench.mountRepositories()
        try await bench.bash("cd shop && head -c 300000 /dev/urandom > r && git add r && git commit -qm r")
        let files = try await bench.hands.collect()
        #expect(files.map(\.path) == ["shop.bundle.error.txt"])
        for file in files { unlink(file.copy) }
        // A name that the agent took is left to it.
        try await bench.bash("touch /mnt/session/outputs/shop.bundle.error.txt")
        let beside = try await bench.hands.collect()
        #expect(beside.map(\.path) == ["shop.bundle.error.txt", "2-shop.bundle.error.txt"])
        for file in beside { unlink(file.copy) }
        try await bench.bash("rm /mnt/session/outputs/*")
        // An agent that removes its clone takes the commits with it, and nothing breaks.
        try await bench.bash("cd ..; rm -rf shop")
        #expect(try await bench.hands.collect() == [])
      }
    }
  }
}

extension String {
  var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
