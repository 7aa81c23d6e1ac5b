import Catalog
import Glibc
import HTTPClient
import JSON
import Logging
import Primitives
import Reading
import Sessions
import TestSupport
import Testing

@testable import Hands

/// Packages from an index on loopback, with the pip and npm of this machine.
@Suite(
  .enabled(if: PackageSettings.managers(.bubblewrap) == ["pip", "npm"], "pip and npm are not installed"))
struct PackageTests {
  static let egress = EgressSettings(allowing: ["127.0.0.1/32"], names: EgressProxyTests.local)
  static let networking = Networking.limited(["elsewhere.example"])

  @Test func `packages are installed once for an environment and shown to its sessions`() async throws {
    let index = try await PackageIndex()
    let packages = Packages(lists: [("npm", ["errand-probe"]), ("pip", ["errand-probe==1.0"])])
    let lines = Lock<[String]>([])
    var egress = Self.egress
    egress.log = Logger(label: "test") { _ in LineLog(lines) }
    try await Bench.with(
      networking: Self.networking, egress: egress, packages: packages, packageSettings: index.settings
    ) { bench async throws in
      let used = try await bench.bash(
        "pip-probe; npm-probe; python3 -c 'import errand_probe'; node -e 'console.log(require(\"errand-probe\"))'"
      )
      #expect(used.text == "probed by pip\nprobed by npm\nprobed by npm\n")
      let told = lines.withLock { $0 }.filter {
        $0.hasPrefix("The installation of packages of env_test sent ")
      }
      #expect(told.count == 1 && told.first?.contains(" sent 0 ") == false)
      // Nobody waits for the set any more.
      #expect((bench.hands as? SandboxedHands)?.settings.store.asked == 0)
      // They are not the agent's to change.
      #expect(try await bench.bash("echo x >> /opt/packages/python/errand_probe.py").isError)
      #expect(try await bench.bash("rm /opt/packages/python/errand_probe.py").isError)
      let asked = index.paths.count
      let other = try bench.provider.hands(
        for: Workplace(
          session: "sesn_other", networking: Self.networking, packages: packages, environmentID: "env_test"))
      #expect(try await other.check("pip-probe", limit: .seconds(60)).tail == "probed by pip\n")
      await other.end()
      #expect(index.paths.count == asked)
      // A session's end takes its own links only.
      #expect(try await bench.bash("pip-probe").text == "probed by pip\n")
      let left = try #require(try? Folder(bench.root)).entries().compactMap(\.name).sorted()
      #expect(left.filter { $0 != ".users" } == [".packages", bench.session])
    }
  }

  @Test func `what cannot be installed is the first result, and the session goes on`() async throws {
    let index = try await PackageIndex()
    let packages = Packages(lists: [("pip", ["errand-missing"])])
    try await Bench.with(
      networking: Self.networking, egress: Self.egress, packages: packages, packageSettings: index.settings
    ) { bench async throws in
      let first = try await bench.bash("echo one")
      #expect(first.isError)
      #expect(
        first.text.hasPrefix(
          "The environment's packages could not be installed, so this call was not made. pip failed for "
            + "errand-missing:\n"))
      #expect(first.text.contains("No matching distribution found for errand-missing"))
      #expect(first.text.hasSuffix("\nFurther calls run without the packages."))
      #expect(try await bench.bash("echo two").text == "two\n")
      #expect(
        try #require(try? Folder(bench.root)).entries().compactMap(\.name).filter { $0 != ".users" }.sorted()
          == [
            ".packages", bench.session,
          ])
    }
  }

  @Test func `an installation that takes too long is ended`() async throws {
    let index = try await PackageIndex()
    var settings = index.settings
    settings.limit = .milliseconds(1)
    let packages = Packages(lists: [("pip", ["errand-probe"])])
    try await Bench.with(
      networking: Self.networking, egress: Self.egress, packages: packages, packageSettings: settings
    ) { bench async throws in
      #expect(try await bench.bash("echo one").text.contains("pip did not finish within 0 s."))
      #expect(try await bench.bash("echo two").text == "two\n")
    }
  }

  @Test func `a link that an installation left is no set`() throws {
    let folder = try TemporaryFolder()
    let (made, link) = ("\(folder.path)/set", "\(folder.path)/link")
    try Workspace.makeFolder(made, mode: 0o755)
    try #require(symlink("/", link) == 0)
    #expect(PackageStore.isFolder(made))
    #expect(!PackageStore.isFolder(link))
    #expect(!PackageStore.isFolder("\(folder.path)/missing"))
  }

  @Test func `a set belongs to an environment and its list`() {
    let one = Packages(lists: [("pip", ["a", "b"])])
    let keys = [
      PackageStore.key(one, environment: "env_1"), PackageStore.key(one, environment: "env_2"),
      PackageStore.key(Packages(lists: [("pip", ["a b"])]), environment: "env_1"),
      PackageStore.key(Packages(lists: [("npm", ["a", "b"])]), environment: "env_1"),
      PackageStore.key(Packages(lists: [("pip", ["b", "a"])]), environment: "env_1"),
    ]
    #expect(Set(keys).count == keys.count)
    #expect(keys[0] == PackageStore.key(one, environment: "env_1") && keys[0].utf8.count == 32)
  }
}
