import Foundation
import Testing

@testable import API

/// The README's table of Errand's own API.
@Suite struct ReadmeRoutesTests {
  @Test func `it has every route, with the scope that it wants`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let lines = readme.split(separator: "\n").filter { $0.hasPrefix("| `") }
    let wire: Set = ["agents", "environments", "sessions", "files"]
    for route in API.routes where !(route.pattern.count > 1 && wire.contains(route.pattern[1])) {
      let path =
        "/"
        + route.pattern.map { $0.hasPrefix(":") ? $0.dropFirst().uppercased() : $0 }.joined(separator: "/")
      // Several of one thing share a line: `…/skip`.
      let names = ["`\(route.method) \(path)`", "`…/\(route.pattern.last ?? "")`"]
      let line = lines.first { line in names.contains { line.contains($0) } }
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
}
