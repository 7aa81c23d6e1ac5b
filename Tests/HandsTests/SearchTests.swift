import Hands
import JSON
import Sessions
import Testing

@testable import Hands

@Suite struct SearchTests {
  /// A tree with everything that is left out, and why.
  private static let tree = """
    cd $ERRAND_WORKSPACE; mkdir -p repo/src/deep repo/build repo/logs repo/vendor plain/.hidden; cd repo; mkdir .git .github
    mkdir -p .git/info; echo 'secret*' > .git/info/exclude
    printf '%s\\n' '# comment' 'build/' '*.log' '!keep.log' '/top.txt' 'doc/**/x.txt' 'odd[0-9].c' '\\#hash' 'trail\\ ' > .gitignore
    echo '!again.log' > src/.gitignore; echo 'vendor' > .ignore; echo '!odd1.c' > .rgignore
    for f in a.txt build/b.txt x.log keep.log top.txt src/top.txt src/again.log src/deep/c.txt src/other.log \\
      secret1 odd1.c odd2.c '#hash' .dot .github/w.yml vendor/v.txt logs/l.txt; do echo "needle in $f" > "$f"; done
    mkdir -p doc/a/b; echo needle > doc/x.txt; echo needle > doc/a/b/x.txt; echo needle > doc/y.txt
    printf 'needle\\0binary' > bin.dat; ln -s a.txt link.txt; ln -s / root
    cd ../plain; echo '*.txt' > .gitignore; echo needle > not-a-repository.txt; echo needle > .hidden/h
    """

  private static let shown = [
    "plain/not-a-repository.txt", "repo/a.txt", "repo/doc/y.txt", "repo/keep.log", "repo/logs/l.txt",
    "repo/odd1.c",
    "repo/src/again.log", "repo/src/deep/c.txt", "repo/src/top.txt",
  ]

  @Test(arguments: Bench.kinds)
  func `the walk leaves out what ripgrep leaves out`(kind: SandboxKind) async throws {
    try await Bench.with(kind) { bench async throws in
      try await bench.bash(Self.tree)
      let grep = try await bench.call("grep", ["pattern": "needle"]).text
      #expect(grep.split(separator: "\n").map { String($0.prefix { $0 != ":" }) } == Self.shown)
      let glob = try await bench.call("glob", ["pattern": "**"]).text
      // The binary file is a file all the same.
      #expect(
        glob.split(separator: "\n").map(String.init).sorted() == (Self.shown + ["repo/bin.dat"]).sorted())
      // The rules above the folder that is searched hold in it.
      #expect(
        try await bench.call("grep", ["pattern": "needle", "path": "repo/src"]).text.split(separator: "\n")
          .count == 3)
      #expect(
        try await bench.call("grep", ["pattern": "needle", "path": "/workspace/repo/build/b.txt"]).text
          == "/workspace/repo/build/b.txt:1:needle in build/b.txt\n")
    }
  }

  @Test func `lines are found by Perl's regular expressions`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash(
        #"printf 'one\nTwo 2\nüber\n\377\376 raw\nend' > f; printf 'x%.0s' {1..3000} > long"#)
      func grep(_ pattern: String, _ path: String = "f") async throws -> (text: String, isError: Bool) {
        try await bench.call("grep", ["pattern": .string(pattern), "path": .string(path)])
      }
      #expect(try await grep("^.ber$").text == "f:3:über\n")
      #expect(try await grep(#"(?i)two (?<n>\d)"#).text == "f:2:Two 2\n")
      #expect(try await grep("raw").text == "f:4:\u{FFFD}\u{FFFD} raw\n")
      #expect(try await grep("end").text == "f:5:end\n")
      #expect(try await grep("nothing").text == "(no matches)")
      #expect(
        try await grep("x+", "long").text
          == "long:1:\(String(repeating: "x", count: 2000)) [... 1000 more characters]\n")
      let broken = try await grep("(unclosed")
      #expect(broken.isError && broken.text.contains("The pattern is no regular expression: Unmatched ("))
      let code = try await grep("(?{ system('touch /workspace/ran') })")
      #expect(code.isError)
      #expect(try await bench.bash("ls ran").isError)
      #expect(try await grep("x", "none").text == "There is no file none.")
      #expect(try await bench.call("grep", ["pattern": "^one", "path": "--version"]).isError)
    }
  }

  @Test func `results are bounded`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash(
        "for i in $(seq 1 250); do echo hit > f$i; done; touch -d '1 hour' f7; yes needle needle | head -n 20000 > many"
      )
      let glob = try await bench.call("glob", ["pattern": "f*"]).text
      #expect(glob.hasPrefix("f7\n"))
      #expect(glob.hasSuffix("\n[The newest 200 of 250. Choose a narrower pattern.]"))
      #expect(glob.split(separator: "\n").count == 201)
      let grep = try await bench.call("grep", ["pattern": "needle", "path": "many"]).text
      #expect(grep.utf8.count < (100 << 10) + 200)
      #expect(grep.contains("more than fits into 100 KiB"))
    }
  }

  @Test(arguments: [
    ("**/*.txt", ["a.txt", "d/b.txt", "d/e/c.txt"]), ("*.txt", ["a.txt"]), ("d/*/c.txt", ["d/e/c.txt"]),
    ("{a,d/b}.txt", ["a.txt", "d/b.txt"]), ("d/**", ["d/b.txt", "d/e/c.txt"]),
    ("**/[!a].txt", ["d/b.txt", "d/e/c.txt"]),
    ("?.txt", ["a.txt"]), (".dot/*", [".dot/f"]), ("**/c.txt", ["d/e/c.txt"]),
    ("odd (1)+$.md", ["odd (1)+$.md"]),
    ("./a.txt", ["a.txt"]), ("nothing/**", []),
  ])
  func `patterns of paths`(pattern: String, expected: [String]) async throws {
    try await Bench.with { bench async throws in
      try await bench.bash("mkdir -p d/e .dot; touch a.txt d/b.txt d/e/c.txt .dot/f 'odd (1)+$.md'")
      let text = try await bench.call("glob", ["pattern": .string(pattern)]).text
      #expect(
        text.split(separator: "\n").map(String.init).sorted()
          == (expected.isEmpty ? ["(no files)"] : expected))
    }
  }

  @Test(arguments: ["/etc/*", "../*", "a/../../b", "[a", "{a"])
  func `a pattern that leads elsewhere or is broken is refused`(pattern: String) throws {
    #expect(throws: ToolError.self) { try GlobPattern(pattern) }
  }
}
