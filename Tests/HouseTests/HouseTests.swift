import Foundation
import Testing

/// Holds the sources to the rules that the compiler does not.
@Suite struct HouseTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static func sources(_ folder: String) throws -> [URL] {
    let all = FileManager.default.enumerator(at: root.appending(path: folder), includingPropertiesForKeys: nil)
    return (all?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "swift" }
  }

  private struct Described: Decodable {
    struct Target: Decodable {
      var name: String
      var path: String
      var target_dependencies: [String]?
      var product_dependencies: [String]?
    }
    var targets: [Target]
  }

  /// What the package manager itself makes of the manifest.
  private static func manifest() throws -> String {
    try String(contentsOf: root.appending(path: "Package.swift"), encoding: .utf8)
  }

  @Test func `nothing is public`() throws {
    for file in try Self.sources("Sources") {
      let text = try String(contentsOf: file, encoding: .utf8)
      #expect(!text.contains(/(?m)^\s*public /), "\(file.lastPathComponent) has a public declaration")
    }
  }

  @Test func `every import is a line of the manifest`() throws {
    let declared = Dictionary(uniqueKeysWithValues: try Manifest(Self.manifest()).targets.map { ($0.folder, $0) })
    var checked = 0
    for (folder, target) in declared {
      for file in try Self.sources(folder) {
        let text = try String(contentsOf: file, encoding: .utf8)
        for match in text.matches(of: /(?m)^(?:package |@testable )?import (?:struct |class |enum )?(\w+)/) {
          let module = String(match.1)
          if Manifest.system.contains(module) { continue }
          checked += 1
          #expect(
            target.uses.contains(module),
            "\(file.lastPathComponent) imports \(module), which \(target.name) does not declare")
        }
      }
    }
    #expect(checked > 100)
  }

  @Test func `the hot modules do without Foundation`() throws {
    for file in try Self.sources("Sources") {
      let text = try String(contentsOf: file, encoding: .utf8)
      // Yams needs it where YAML is read.
      #expect(
        !text.contains(/(?m)^(package )?import Foundation/), "\(file.lastPathComponent) imports Foundation")
    }
  }

  @Test func `every function of a test suite is a test or private`() throws {
    for file in try Self.sources("Tests") where file.lastPathComponent.hasSuffix("Tests.swift") {
      let text = try String(contentsOf: file, encoding: .utf8)
      let sentences = text.matches(of: /(?m)^\s*(?:@Test.*\n?\s*)?func `/).count
      let attributes = text.matches(of: /@Test/).count
      #expect(
        attributes >= sentences,
        "\(file.lastPathComponent) has \(sentences) sentences but \(attributes) tests")
    }
  }
}
