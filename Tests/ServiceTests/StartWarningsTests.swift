import Foundation
import HTTPClient
import JSON
import PathSupport
import Primitives
import TestSupport
import Testing

@testable import Jobs
@testable import Service

/// What the start says of keys and limits.
@Suite struct StartWarningsTests {
  @Test(
    arguments: [
      ("short", "has only 5 characters"), (String(repeating: "ab", count: 20), "repeats itself"),
      (String(repeating: "k", count: 64), "repeats itself"),
      ("changeme-changeme-changeme-changeme-", "repeats itself"),
      ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "uses few different characters"),
      ("errand_0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", nil),
      ("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", nil),
      ("correct horse battery staple, and then some", nil),
    ] as [(String, String?)])
  func `a key that could be guessed is known`(key: String, why: String?) {
    #expect(KeyStrength.weakness(of: key) == why)
  }

  private static func warning(_ key: String, _ change: (inout Configuration) -> Void) -> String? {
    var configuration = Configuration(dataDirectory: "/d", environment: ["ERRAND_API_KEY": key])
    change(&configuration)
    return KeyStrength.warning(configuration)
  }

  @Test func `a weak key is warned of where others reach the server, and never shown`() throws {
    let said = try #require(Self.warning("hunter2") { $0.address = "0.0.0.0" })
    #expect(
      said.hasPrefix("ERRAND_API_KEY has only 7 characters, and others than this machine's programs reach"))
    #expect(!said.contains("hunter2"))
    #expect(Self.warning("hunter2") { $0.address = "::" } != nil)
    #expect(Self.warning("hunter2") { $0.publicURL = "https://errand.example.com" } != nil)
    #expect(Self.warning("hunter2") { $0.trustedProxies = ["127.0.0.1"] } != nil)
    #expect(Self.warning("hunter2") { _ in } == nil)
    #expect(Self.warning("hunter2") { $0.address = "::1" } == nil)
    #expect(Self.warning("") { $0.address = "0.0.0.0" } == nil)
    #expect(
      Self.warning("hunter2") {
        $0.address = "0.0.0.0"
        $0.role = .worker
      } == nil)
  }

  @Test(arguments: [(0o600, nil), (0o400, nil), (0o644, "read"), (0o640, "read"), (0o666, "read and change")])
  func `a key file that others may read is warned of`(mode: Int, what: String?) throws {
    let folder = try TemporaryFolder()
    let data = try DataDirectory(folder.path)
    _ = try data.key([:], .system)
    chmod(data.keyFile, mode_t(mode))
    #expect(
      data.warnings()
        == (what.map { what in
          [
            "Other users of this machine may \(what) \(data.keyFile), which holds a secret (mode "
              + "\(String(mode, radix: 8))). Run: chmod 600 \(data.keyFile)"
          ]
        } ?? []))
  }

  @Test func `a data directory that others may write to is warned of`() throws {
    let folder = try TemporaryFolder()
    chmod(folder.path, 0o777)
    #expect(
      try DataDirectory(folder.path).warnings() == [
        "Other users of this machine may write to the data directory \(folder.path) (mode 777). Run: chmod 700 "
          + folder.path
      ])
  }

  @Test func `a secret's file that others may read is warned of once`() throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/secret"
    try "s3cret\n".write(toFile: file, atomically: true, encoding: .utf8)
    chmod(file, 0o644)
    let said = Lock<[String]>([])
    let secrets = Secrets(environment: [:]) { line in said.withLock { $0.append(line) } }
    for _ in 0..<3 { #expect(try secrets.resolve(Setting(written: "${file:\(file)}")) == "s3cret") }
    #expect(
      said.withLock { $0 } == [
        "Other users of this machine may read \(file), which holds a secret (mode 644). Run: chmod 600 \(file)"
      ])
  }

  @Test(arguments: [
    (65_536, 16, 4096, 256, false), (4864, 16, 4096, 256, false), (1024, 16, 560, 80, true),
    (256, 16, 112, 16, true), (96, 0, 40, 8, true),
  ])
  func `connections are as many as files allow`(
    limit: Int, sessions: Int, connections: Int, reserve: Int, warns: Bool
  ) {
    let files = OpenFiles(limit: limit, sessions: sessions)
    #expect(files.connections == connections)
    #expect(files.reserve == reserve)
    #expect((files.warning != nil) == warns)
  }

  @Test func `too few files are said with how many are needed`() {
    #expect(
      OpenFiles(limit: 256, sessions: 16).warning
        == "This process may have 256 files open; all connections and sessions together need 4736. It takes 112 "
        + "connections at once until that is raised: LimitNOFILE=4736 in a systemd unit, `ulimit -n 4736` in a shell."
    )
    #expect(
      ServiceError.fewFiles(limit: 64, needed: 4736).description
        == "This process may have only 64 files open. It needs 96 at least, and 4736 to serve as many as it can. Raise "
        + "the limit: LimitNOFILE=4736 in a systemd unit, `ulimit -n 4736` in a shell.")
  }

  @Test(
    arguments: [
      ([:], ["ANTHROPIC_API_KEY is not set, so no model can be asked"]),
      (["ANTHROPIC_API_KEY": "k"], []), (["ANTHROPIC_API_KEY": " "], ["ANTHROPIC_API_KEY is not set"]),
      (
        ["ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "localhost:1234"],
        ["ANTHROPIC_BASE_URL (“localhost:1234”) is no address where a model could be asked"]
      ),
      (
        ["ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "ftp://gw"],
        ["ANTHROPIC_BASE_URL (“ftp://gw”) is no"]
      ),
      (["ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "me:pw@gw"], ["ANTHROPIC_BASE_URL is no address"]),
      (
        ["ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "https://"],
        ["ANTHROPIC_BASE_URL (“https://”) is no"]
      ),
      (["ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "http://me:pw@127.0.0.1:1/v1\n"], []),
      (
        ["ANTHROPIC_BASE_URL": "http://gw"],
        ["Set it, to any value if the server at ANTHROPIC_BASE_URL asks for none"]
      ),
      (["ANTHROPIC_BASE_URL": "gw"], ["ANTHROPIC_BASE_URL (“gw”) is no", "ANTHROPIC_API_KEY is not set"]),
    ] as [([String: String], [String])])
  func `a model that nobody can ask is warned of`(environment: [String: String], parts: [String]) {
    var configuration = Configuration(dataDirectory: "/d", environment: environment)
    let warning = configuration.modelWarning
    #expect((warning == nil) == parts.isEmpty, "\(warning ?? "")")
    for part in parts { #expect(warning?.contains(part) == true, "\(warning ?? "")") }
    configuration.rehearses = true
    #expect(configuration.modelWarning == nil)
  }

  @Test func `a relative data directory is made absolute, and an address of IPv6 gets its brackets`() {
    var configuration = Configuration(dataDirectory: "data", environment: [:])
    #expect(configuration.dataDirectory == FileManager.default.currentDirectoryPath + "/data")
    #expect(
      Configuration(dataDirectory: "./data", environment: [:]).dataDirectory == configuration.dataDirectory)
    #expect(Configuration(dataDirectory: "/data", environment: [:]).dataDirectory == "/data")
    configuration.address = "::1"
    #expect(configuration.host == "[::1]")
    configuration.address = "localhost"
    #expect(configuration.host == "localhost")
  }
}
