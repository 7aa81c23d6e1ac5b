import GitSupport
import Hands
import JSON
import Sessions

@testable import Git

extension Upstream {
  var git: Git { get throws { try Git(home: "\(folder)/git-home") } }

  func repositories(secret: @escaping @Sendable (JSON) throws -> String = { $0.stringValue ?? "" }) throws
    -> Repositories
  {
    Repositories(git: try git, local: LocalRepositories(below: [folder]), secret: secret)
  }

  func mount(
    _ url: String? = nil, checkout: JSON? = nil, path: String = "/workspace/shop", token: String? = nil,
    depth: Int = 1
  ) -> RepositoryMount {
    var resource: JSON.Object = [
      "type": "github_repository", "id": "sesrsc_1", "url": .string(url ?? "file://\(bare)"),
      "mount_path": .string(path), "required": true, "depth": .integer(Int64(depth)),
    ]
    if let checkout { resource["checkout"] = checkout }
    if let token { resource["token"] = .string(token) }
    // It has all that a mount needs.
    return RepositoryMount(resource: .object(resource))!
  }
}
