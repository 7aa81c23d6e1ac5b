import Glibc
import Hands
import JSON
import Primitives
import Processes
import Sessions
import Testing

@testable import Git

/// A folder with a bare repository that stands for a remote, and what tests do to it.
struct Upstream: Sendable {
  let folder: String
  var bare: String { "\(folder)/shop.git" }
  /// A file that only something that escaped can make.
  var canary: String { "\(folder)/canary" }

  /// Makes the remote with what a script commits in a work tree; removes everything afterwards.
  static func with<Result>(
    _ script: String = "echo one > file.txt; git add .; git commit -qm one",
    _ body: (Upstream) async throws -> Result
  ) async throws -> Result {
    let upstream = Upstream(folder: "/tmp/errand-upstream-\(Hex.encode(Randomness.system.bytes(8)))")
    func remove() async { _ = try? await Command(["rm", "-rf", "--", upstream.folder]).run() }
    do {
      try await upstream.shell(
        """
        mkdir -p work && git init -q --bare -b main shop.git && cd work && git init -q -b main . &&
        { \(script)
        } && git push -q ../shop.git HEAD:refs/heads/main
        """, in: nil)
      let result = try await body(upstream)
      await remove()
      return result
    } catch {
      await remove()
      throw error
    }
  }

  @discardableResult
  func shell(_ script: String, in place: String? = nil) async throws -> String {
    mkdir(folder, 0o755)
    let environment = [
      "PATH": "/usr/bin:/bin", "HOME": folder, "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
      "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_NOSYSTEM": "1",
      "CANARY": canary,
    ]
    let output = try await Command(
      ["/bin/bash", "-ec", script], environment: environment, directory: place ?? folder, limit: .seconds(60)
    ).run()
    try #require(output.exit == .code(0), "\(output.text)\(output.errorText)")
    return output.text
  }

  var git: Git { get throws { try Git(home: "\(folder)/git-home") } }

  func repositories(secret: @escaping @Sendable (String) throws -> String = { $0 }) throws -> Repositories {
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

  var hasCanary: Bool { access(canary, F_OK) == 0 }
}
