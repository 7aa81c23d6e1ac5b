import Foundation
import Testing

@testable import API

/// What the documents say of the API.
@Suite struct ReadmeRoutesTests {
  private func text(_ path: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  @Test func `the table of Errand's own API has every route, with the scope that it wants`() throws {
    let lines = try text("Deploy/README.md").split(separator: "\n").filter { $0.hasPrefix("| `") }
    let wire: Set = ["agents", "environments", "sessions", "files"]
    for route in API.routes where !(route.pattern.count > 1 && wire.contains(route.pattern[1])) {
      let path =
        "/"
        + route.pattern.map { $0.hasPrefix(":") ? $0.dropFirst().uppercased() : $0 }.joined(separator: "/")
      // Several of one thing share a line: `…/skip`.
      let names = ["`\(route.method) \(path)`", "`…/\(route.pattern.last ?? "")`"]
      let line = lines.first { line in
        let address = line.split(separator: "|").first ?? ""
        return names.contains { address.contains($0) }
      }
      #expect(line != nil, "\(route.method) \(path)")
      let scope =
        switch route.access {
        case .open: "none"
        case .proof: "the sender's signature"
        case .key(let scopes): scopes.map(\.rawValue).joined(separator: " or ")
        }
      #expect(line?.contains("| \(scope) |") == true, "\(route.method) \(path) wants \(scope)")
    }
  }

  @Test func `what is not supported yet names every address that the wire has and this server does not`()
    throws
  {
    let section = try #require(
      try text("README.md").components(separatedBy: "\n## Not supported yet\n").last?
        .components(separatedBy: "\n## ").first)
    #expect(!API.absences.isEmpty)
    for absence in API.absences {
      let path = "/" + absence.pattern.map { $0 == ":id" ? "ID" : $0 }.joined(separator: "/")
      #expect(section.contains("`\(path)`"), "\(path)")
    }
  }
}
