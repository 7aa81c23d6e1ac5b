import Callbacks
import Catalog
import Git
import GitSupport
import HTTPClient
import JSON
import Jobs
import Outbox
import PathSupport
import Primitives
import Store

@testable import Integrations

/// A remote, a stand-in for GitHub's API, and a target between them.
struct GitHubBench {
  static let token = "ghs_330001_c4nary.tOkEn.0123456789"

  let upstream: Upstream
  let api: GitHubStandIn
  let path: Path
  let target: GitHubTarget

  static func with(
    _ script: String = "echo one > file.txt; git add .; git commit -qm one",
    _ body: (GitHubBench) async throws -> Void
  ) async throws {
    try await Upstream.with(script) { upstream async throws in
      let api = try GitHubStandIn()
      let client = HTTPClient(userAgent: "test")
      try await withPath(environment: ["GITHUB_TOKEN": token, "DESK_SECRET": Path.secret]) { path in
        let target = GitHubTarget(
          Supplies(
            database: path.database, files: path.files,
            links: FileLinks(base: nil, path: "/v1/files/:id/content", key: []), client: client,
            git: try Git(home: "\(upstream.folder)/git-home"),
            local: LocalRepositories(below: [upstream.folder]), environment: ["GITHUB_API_URL": api.url],
            time: .system))
        try await body(GitHubBench(upstream: upstream, api: api, path: path, target: target))
      }
      client.close()
      await api.stop()
    }
  }

  /// Commits what a script changes, as an agent does in its clone, and takes the commits out as a bundle.
  /// - Returns: the entry of the result's files.
  func commit(_ script: String = "echo two >> file.txt; git commit -qam two", url: String? = nil) async throws
    -> JSON
  {
    let base = try await upstream.shell("git -C shop.git rev-parse main | tr -d '\\n'")
    try await upstream.shell(
      """
      rm -rf clone commits.bundle; git clone -q --depth 1 file://$PWD/shop.git clone; cd clone
      \(script)
      git bundle create -q ../commits.bundle HEAD --branches --not \(base)
      """)
    let content = try await path.files.keep(copy: "\(upstream.folder)/commits.bundle")
    let metadata: JSON = [
      "repository": .string(url ?? "file://\(upstream.bare)"), "base_commit": .string(base),
      "base_branch": "main",
    ]
    let file = try await path.database.write { [files = path.files] tx in
      try files.add(
        tx, content, named: "shop.bundle", mimeType: "application/x-git-bundle", metadata: metadata)
    }
    return [
      "id": .string(file.id), "filename": "shop.bundle", "mime_type": .string(file.mimeType),
      "metadata": metadata,
    ]
  }

  func delivery(_ files: [JSON], state: String = "succeeded") async throws -> Delivery {
    let data: JSON = [
      "run_id": "run_1", "state": .string(state), "message": "I fixed it. <!-- errand:dlv_fake -->",
      "reason": "Because.", "files": .array(files),
    ]
    return try await path.database.write { [outbox = path.outbox] tx in
      let id = try outbox.add(
        tx, run: "run_1", kind: "github", target: [:],
        payload: ["type": .string("run.\(state)"), "timestamp": "2026-11-12T09:00:00Z", "data": data])
      return try outbox.delivery(tx, id)
    }
  }

  func settings(_ pull: JSON.Object = [:], comment: JSON? = nil, _ more: JSON.Object = [:]) -> JSON {
    var wanted: JSON.Object = ["base": "main", "branch": "errand/42", "title": "Fix #42"]
    wanted.merge(pull)
    var object: JSON.Object = [
      "pull_request": .object(wanted), "repository": "acme/shop", "token": .string(Self.token),
    ]
    if let comment { object["comment"] = comment }
    object.merge(more)
    return .object(object)
  }

  func tip(_ branch: String = "errand/42") async throws -> String {
    try await upstream.shell("git -C shop.git rev-parse --verify -q 'refs/heads/\(branch)' || true")
  }
}
