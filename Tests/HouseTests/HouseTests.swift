import Foundation
import Testing

/// Holds the sources to the rules that the compiler does not.
@Suite struct HouseTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static func sources(_ folder: String) -> [URL] {
    let all = FileManager.default.enumerator(
      at: root.appending(path: folder), includingPropertiesForKeys: nil)
    return (all?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "swift" }
  }

  private static func text(_ file: URL) throws -> String {
    try String(contentsOf: file, encoding: .utf8)
  }

  private static func manifest() throws -> Manifest {
    try Manifest(text(root.appending(path: "Package.swift")))
  }

  private static func imports(_ file: URL) throws -> Set<String> {
    Set(
      try text(file).matches(
        of:
          #/(?m)^\s*(?:(?:package|internal|private|public|fileprivate|@testable|@preconcurrency) )*import (?:(?:struct|class|enum|func|protocol|let|var|typealias) )?([A-Z]\w*)/#
      ).map { String($0.1) })
  }

  @Test func `nothing is public`() throws {
    for file in Self.sources("Sources") {
      let text = try Self.text(file)
      #expect(!text.contains(/(?m)^\s*public\s/), "\(file.lastPathComponent) has a public declaration")
    }
  }

  @Test func `every import is a line of the manifest`() throws {
    let targets = try Self.manifest().targets
    var checked = 0
    for target in targets {
      let folder = Self.root.appending(path: target.folder).path
      #expect(FileManager.default.fileExists(atPath: folder), "\(target.name) has no folder \(folder)")
      for file in Self.sources(target.folder) {
        for module in try Self.imports(file) where !Manifest.system.contains(module) {
          checked += 1
          #expect(
            target.uses.contains(module),
            "\(file.lastPathComponent) imports \(module), which \(target.name) does not declare")
        }
      }
    }
    #expect(checked > 500)
  }

  @Test func `every arrow of the manifest is used`() throws {
    // The journeys start the programs; they are built for them.
    let started: Set = ["CLI", "Bench"]
    var checked = 0
    for target in try Self.manifest().targets {
      let folder = Self.root.appending(path: target.folder).path
      // A part of its folder may be another target's.
      let files = Self.sources(target.folder).filter { file in
        target.name != "CLI" || !file.path.hasPrefix(folder + "/StandIns/")
      }
      if files.isEmpty { continue }
      let imports = try files.reduce(into: Set<String>()) { $0.formUnion(try Self.imports($1)) }
      var named = target.named
      if target.name == "JourneysTests" { named.subtract(started) }
      checked += named.count
      let unused = named.subtracting(imports).sorted().joined(separator: ", ")
      #expect(unused.isEmpty, "\(target.name) declares \(unused) and imports none of it")
    }
    #expect(checked > 150)
  }

  @Test func `every source belongs to a target of the manifest`() throws {
    let folders = try Self.manifest().targets.map { Self.root.appending(path: $0.folder).path + "/" }
    for file in Self.sources("Sources") + Self.sources("Tests") {
      let isFound = folders.contains { file.path.hasPrefix($0) }
      #expect(isFound, "\(file.path) belongs to no target")
    }
  }

  @Test(arguments: [
    ("Brain", ["Hands", "Managed"]), ("Hands", ["Brain", "Managed"]),
    ("Runs", ["Brain", "Hands", "Managed"]),
    ("Queue", ["Sessions", "Runs", "Outbox"]), ("Outbox", ["Callbacks", "HTTPClient"]), ("Cron", ["Store"]),
    ("Hooks", ["Integrations", "Callbacks"]), ("Callbacks", ["Integrations", "Hooks", "HTTPClient"]),
  ])
  func `walls stand between those that must not know each other`(name: String, strangers: [String]) throws {
    let target = try #require(try Self.manifest().targets.first { $0.name == name })
    #expect(target.uses.isDisjoint(with: strangers))
    for file in Self.sources(target.folder) {
      #expect(
        try Self.imports(file).isDisjoint(with: strangers), "\(file.lastPathComponent) imports a stranger")
    }
  }

  @Test func `who follows whom stands in one place`() throws {
    let joining = /\.(?:involve|inform|keepContents|onArchive)\b\s*[({]|sessions\.attach\(/
    for file in Self.sources("Sources") {
      let joins = try Self.text(file).contains(joining)
      #expect(
        joins == (file.lastPathComponent == "Domains.swift"),
        "\(file.lastPathComponent) has one domain follow another; that is written in Domains")
    }
  }

  @Test func `addresses stand on the page of routes alone`() throws {
    var checked = 0
    for file in Self.sources("Sources/API") {
      let lines = try Self.text(file).split(separator: "\n").filter { line in
        !line.drop(while: { $0 == " " }).hasPrefix("//") && line.contains(/"\/?(?:v1|hooks|healthz)\b/)
      }
      checked += lines.count
      #expect(
        lines.isEmpty || file.lastPathComponent == "Routes.swift",
        "\(file.lastPathComponent) knows an address: \(lines.first ?? "")")
    }
    #expect(checked > 50)
  }

  @Test func `the hot modules do without Foundation`() throws {
    for file in Self.sources("Sources") {
      let imports = try Self.imports(file)
      #expect(!imports.contains("Foundation"), "\(file.lastPathComponent) imports Foundation")
    }
  }

  @Test func `every sentence of a test suite is a test`() throws {
    for file in Self.sources("Tests") {
      let text = try Self.text(file)
      let sentences = text.matches(of: /(?m)^\s*(?:@Test.*\n?\s*)?func `/).count
      let attributes = text.matches(of: /@Test/).count
      #expect(
        attributes >= sentences,
        "\(file.lastPathComponent) has \(sentences) sentences but \(attributes) tests")
    }
  }

  @Test func `an import that a line lacks is found`() throws {
    let manifest = try Manifest(
      """
      let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
      let ground: [Target.Dependency] = ["JSON", crypto]
      let package = Package(
        targets: [
          // A comment with domain("No", uses: []).
          library("CThing", package: "thing", "libthing-dev"),
          .target(name: "Cron", swiftSettings: strict),
          platform("Small", uses: ["CThing"]),
          domain("Runs", in: "Sessions/Runs", uses: ["Jobs", crypto]),
          domain(
            "API",
            uses: [
              "Runs", "Jobs",
            ]),
          .executableTarget(
            name: "Bench",
            dependencies: ground + ["HTTPClient"],
            path: "Sources/Bench", exclude: ["peers"], swiftSettings: strict),
          tests("API", uses: ground + ["Runs"], resources: [.copy("Fixtures")]),
        ]
      )
      """)
    let found = manifest.targets.map { "\($0.name) \($0.folder) \($0.uses.sorted().joined(separator: ","))" }
    #expect(
      found == [
        "Cron Sources/Cron ", "Small Sources/Platform/Small CThing",
        "Runs Sources/Sessions/Runs Crypto,JSON,Jobs", "API Sources/API Crypto,JSON,Jobs,Runs",
        "Bench Sources/Bench Crypto,HTTPClient,JSON",
        "APITests Tests/APITests API,Crypto,JSON,Runs,TestSupport",
      ])
  }
}
