import Glibc
import JSON
import Primitives
import Processes
import Sessions
import Testing

@testable import Hands

@Suite struct FileToolTests {
  @Test(arguments: Bench.kinds)
  func `what is written is read, and folders are made`(kind: SandboxKind) async throws {
    try await Bench.with(kind) { bench async throws in
      let content = "it's \"$HOME\" `id`\n\\n ünï\n"
      #expect(
        try await bench.call("write", ["file_path": "/workspace/a/b c/'d'.txt", "content": .string(content)])
          .text
          == "Wrote \(content.utf8.count) bytes to /workspace/a/b c/'d'.txt.")
      #expect(try await bench.call("read", ["file_path": "a/b c/'d'.txt"]).text == content)
      try await bench.call("write", ["file_path": "-n", "content": "dash"])
      #expect(try await bench.call("read", ["file_path": "-n"]).text == "dash")
    }
  }

  static let refusals: [(String, JSON, String)] = [
    ("read", ["file_path": "none"], "There is no file none."),
    (
      "read", ["file_path": "/workspace"],
      "/workspace is a directory, not a file. Use bash with `ls` to list it."
    ),
    ("read", ["file_path": "fifo"], "fifo is not a regular file."),
    ("read", ["file_path": "closed"], "closed cannot be opened: permission denied."),
    ("read", ["file_path": "link"], "There is no file link."),
    (
      "read", ["file_path": "bin"],
      "bin is not text. Look at it with bash, for instance with `file` or `od -c`."
    ),
    ("read", [:], "The field `file_path` is missing."),
    ("read", ["file_path": 3], "The field `file_path` must be a string."),
    ("read", ["file_path": ""], "The field `file_path` must not be empty."),
    ("read", ["file_path": "a\0b"], "The field `file_path` must not contain a zero byte."),
    ("read", ["path": "x"], "There is no field `path`. The fields are `file_path`, `view_range`."),
    (
      "read", ["file_path": "t", "view_range": [1]],
      "The field `view_range` must be two whole numbers, [first line, last line]."
    ),
    ("read", ["file_path": "t", "view_range": [0, 2]], "The field `view_range` counts lines from 1."),
    ("read", ["file_path": "t", "view_range": [3, 2]], "The field `view_range` ends before it begins."),
    ("read", "text", "The input must be an object."),
    ("write", ["file_path": "x"], "The field `content` is missing."),
    (
      "write", ["file_path": "/workspace", "content": ""],
      "/workspace is a directory, not a file. Use bash with `ls` to list it."
    ),
    ("write", ["file_path": "/usr/x", "content": ""], "/usr/x: Read-only file system."),
    ("write", ["file_path": "t/x", "content": ""], "t/x: its directory cannot be made: File exists."),
    (
      "edit", ["file_path": "t", "old_string": "a", "new_string": "a"],
      "The fields `old_string` and `new_string` are the same."
    ),
    (
      "edit", ["file_path": "t", "old_string": "", "new_string": "a"],
      "The field `old_string` must not be empty."
    ),
    (
      "edit", ["file_path": "t", "old_string": "zz", "new_string": "a"],
      "`old_string` does not occur in t. Read the file and copy the text exactly."
    ),
    (
      "edit", ["file_path": "t", "old_string": "a", "new_string": "b"],
      "`old_string` occurs 3 times in t. Add lines around it until it is unique, or set `replace_all`."
    ),
    ("edit", ["file_path": "none", "old_string": "a", "new_string": "b"], "There is no file none."),
    ("bash", [:], "The field `command` is missing."),
    (
      "bash", ["command": "true", "timeout_ms": 0],
      "The field `timeout_ms` must be a whole number of at least 1."
    ),
    ("bash", ["command": "true", "restart": "yes"], "The field `restart` must be true or false."),
    ("bash", ["command": "a\0b"], "The field `command` must not contain a zero byte."),
    ("web_fetch", [:], "There is no tool “web_fetch”. The tools are bash, read, write, edit, glob, grep."),
  ]

  @Test func `what the agent can put right is an error result that says how`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash(
        "echo aaa > t; mkfifo fifo; touch closed; chmod 0 closed; ln -s nowhere link; printf 'a\\0b' > bin")
      for (tool, input, sentence) in Self.refusals {
        let result = try await bench.call(tool, input)
        #expect(result.isError, "\(tool) \(input)")
        #expect(result.text == sentence, "\(tool) \(input)")
      }
    }
  }

  static let ranges: [(Int, Int, String)] = [
    (1, 1, "1\n"), (2, 4, "2\n3\n4\n"), (9, 0, "9\n10\n"), (10, -1, "10\n"), (8, 100, "8\n9\n10\n"),
    (11, 12, "(lines has no line 11)"),
  ]

  @Test func `a range of lines can be read`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash("seq 1 10 > lines")
      for (first, last, text) in Self.ranges {
        let range: JSON = [.integer(Int64(first)), .integer(Int64(last))]
        #expect(try await bench.call("read", ["file_path": "lines", "view_range": range]).text == text)
      }
    }
  }

  @Test func `long text is cut and says how to go on`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash(
        "head -c 300000 /dev/zero | tr '\\0' x > long; : > empty; printf 'a\\xffb' > broken")
      let text = try await bench.call("read", ["file_path": "long"]).text
      #expect(text.hasPrefix("xxx"))
      #expect(
        text.hasSuffix("x\n[Cut after 262144 bytes. Use view_range [first line, last line] for the rest.]"))
      #expect(try await bench.call("read", ["file_path": "empty"]).text == "(the file is empty)")
      #expect(try await bench.call("read", ["file_path": "broken"]).text == "a\u{FFFD}b")
    }
  }

  static let media: [(String, [UInt8], String, String)] = [
    ("a.png", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 0], "image", "image/png"),
    ("a.JPG", [0xFF, 0xD8, 0xFF, 0xE0, 0], "image", "image/jpeg"),
    ("a.gif", Array("GIF89a..".utf8), "image", "image/gif"),
    ("a.webp", Array("RIFF1234WEBPVP8 ".utf8), "image", "image/webp"),
    ("misnamed.gif", [0xFF, 0xD8, 0xFF, 0xE0, 0], "image", "image/jpeg"),
    ("a.pdf", Array("%PDF-1.7\n".utf8), "document", "application/pdf"),
  ]

  @Test func `images and documents come as the model sees them`() async throws {
    try await Bench.with { bench async throws in
      for (name, bytes, kind, type) in Self.media {
        try await bench.bash("printf %s \(Base64.encode(bytes)) | base64 -d > \(name)")
        let block = try await bench.hands.execute("read", ["file_path": .string(name)]).content[0]
        #expect(block["type"]?.stringValue == kind, "\(name)")
        #expect(
          block["source"]
            == ["type": "base64", "media_type": .string(type), "data": .string(Base64.encode(bytes))])
      }
      try await bench.bash(
        "echo not an image > text.png; cp a.png large.png; head -c 6000000 /dev/zero >> large.png")
      #expect(try await bench.call("read", ["file_path": "text.png"]).text == "not an image\n")
      #expect(
        try await bench.call("read", ["file_path": "large.png"]).text
          == "large.png has more than 5242880 bytes. Make a smaller version of it first.")
    }
  }

  @Test func `an edit replaces exactly what is meant and keeps all else`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash("printf 'one\\xff\\ntwo\\ntwo\\n' > f; chmod 755 f")
      #expect(
        try await bench.call("edit", ["file_path": "f", "old_string": "one", "new_string": "1$&\\1"]).text
          == "Edited f.")
      #expect(
        try await bench.call(
          "edit", ["file_path": "f", "old_string": "two\n", "new_string": "", "replace_all": true]
        ).text
          == "Edited f at 2 places.")
      #expect(
        try await bench.bash("od -An -c f; stat -c %a f").text == "   1   $   &   \\   1 377  \\n\n755\n")
    }
  }

  @Test(arguments: [
    ("aaaa", "aa", "b", 2, "bb"), ("aaa", "aa", "b", 1, "ba"), ("abababc", "ababc", "", 1, "ab"),
    ("aabaabaaab", "aabaaab", "-", 1, "aab-"), ("abc", "abcd", "x", 0, "abc"), ("", "a", "x", 0, ""),
    ("xaxax", "x", "yy", 3, "yyayyayy"),
  ])
  func `occurrences are replaced from left to right, without overlaps`(
    text: String, old: String, new: String, count: Int, result: String
  ) {
    let replacement = Replacement(of: Array(old.utf8), by: Array(new.utf8))
    #expect(replacement.count(in: Array(text.utf8)) == count)
    #expect(replacement.applied(to: Array(text.utf8)) == Array(result.utf8))
  }

  @Test func `a text that almost occurs everywhere is searched for as fast as any other`() {
    func time(_ size: Int) -> Duration {
      let bytes = [UInt8](repeating: 0x61, count: size)
      let replacement = Replacement(of: Array(bytes.dropFirst(size / 2)) + [0x62], by: [])
      // The best of three: whatever else this machine does meanwhile takes time, too.
      return (0..<3).map { _ in
        ContinuousClock().measure { #expect(replacement.count(in: bytes) == 0) }
      }.min() ?? .zero
    }
    let short = time(2000)
    // Ten times as long takes ten times the time; comparing at each place would take a hundred times.
    #expect(time(20_000) < max(short, .milliseconds(1)) * 50)
  }

  @Test func `an edit that would make a file huge is refused before it is made`() async throws {
    try await Bench.with { bench async throws in
      try await bench.bash("head -c 100000 /dev/zero | tr '\\0' a > f")
      let long = JSON.string(String(repeating: "b", count: 200))
      let refused = try await bench.call(
        "edit", ["file_path": "f", "old_string": "a", "new_string": long, "replace_all": true])
      #expect(
        refused.text
          == "With this edit f would have 20000000 bytes, more than the 16777216 that edit writes. Change it with "
          + "bash, for instance with sed.")
      #expect(try await bench.bash("stat -c %s f").text == "100000\n")
    }
  }

  @Test func `links in the workspace lead nowhere on the host`() async throws {
    let target = "/tmp/errand-target-\(Hex.encode(Randomness.system.bytes(6)))"
    let file = try #require(fopen(target, "w"))
    fputs("host", file)
    fclose(file)
    chmod(target, 0o666)
    defer { unlink(target) }
    try await Bench.with { bench async throws in
      try await bench.bash("ln -s \(target) link; ln -s /tmp up")
      #expect(try await bench.call("read", ["file_path": "link"]).text == "There is no file link.")
      try await bench.call("write", ["file_path": "link", "content": "changed"])
      try await bench.call("write", ["file_path": .string(target), "content": "changed"])
      try await bench.call(
        "edit", ["file_path": .string(target), "old_string": "host", "new_string": "changed"])
      // The long output too goes through a link the agent chose.
      try await bench.bash(
        "rm -rf .errand; mkdir -p /tmp/x; ln -s \(target) /tmp/x/output-1.txt; ln -s /tmp/x .errand; seq 1 50000"
      )
      #expect(try await Command(["cat", target]).run().text == "host")
    }
  }

  @Test func `the definitions are those of the toolset`() {
    #expect(
      BuiltinTools.definitions.map(\.name)
        == ["bash", "read", "write", "edit", "glob", "grep"])
    let fields = BuiltinTools.definitions.map {
      $0.schema["properties"]?.objectValue.map { Array($0.keys) }
    }
    #expect(
      fields == [
        ["command", "restart", "timeout_ms"], ["file_path", "view_range"], ["file_path", "content"],
        ["file_path", "old_string", "new_string", "replace_all"], ["pattern", "path"], ["pattern", "path"],
      ])
    let required = BuiltinTools.definitions.map { $0.schema["required"] }
    #expect(
      required == [
        nil, ["file_path"], ["file_path", "content"], ["file_path", "old_string", "new_string"],
        ["pattern"], ["pattern"],
      ])
  }
}
