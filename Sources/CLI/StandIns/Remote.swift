import Processes

/// A bare repository in the folder of a try: what stands in for the one at GitHub.
package struct Remote: Sendable {
  package let path: String

  package var url: String { "file://\(path)" }

  private static let environment = [
    "PATH": "/usr/local/bin:/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Tom", "GIT_AUTHOR_EMAIL": "tom@tidewatch.example", "GIT_COMMITTER_NAME": "Tom",
    "GIT_COMMITTER_EMAIL": "tom@tidewatch.example", "LC_ALL": "C",
  ]

  /// Makes it of plain files, in place of what an earlier try left.
  /// - Parameter path: ends with `.git`; its folder is this try's own.
  /// - Throws: `RemoteError`.
  package static func make(_ path: String, of files: String) async throws -> Remote {
    let work = "\(path).work"
    try await run(["rm", "-rf", "--", path, work])
    try await run(["mkdir", "-p", "--", work])
    try await run(["cp", "-R", "\(files)/.", work])
    try await run(["git", "-C", work, "init", "-q", "-b", "main"])
    try await run(["git", "-C", work, "add", "--all"])
    try await run(["git", "-C", work, "commit", "-q", "-m", "Show departures on the boards at the piers"])
    try await run(["git", "clone", "-q", "--bare", "--", work, path])
    try await run(["rm", "-rf", "--", work])
    return Remote(path: path)
  }

  /// What a branch has that main does not have, as a patch; empty when there is no such branch.
  package func patch(of branch: String) async throws -> String {
    let range = "main...refs/heads/\(branch)"
    let output = try await Remote.command([
      "git", "--git-dir", path, "diff", "--no-color", "--no-ext-diff", range,
    ])
    .run()
    return output.exit == .code(0) ? output.text : ""
  }

  /// How many commits a branch has on top of main.
  package func commits(of branch: String) async throws -> Int {
    let range = "main..refs/heads/\(branch)"
    let output = try await Remote.command(["git", "--git-dir", path, "rev-list", "--count", range]).run()
    return Int(output.text.prefix { $0.isNumber }) ?? 0
  }

  private static func command(_ arguments: [String]) -> Command {
    Command(arguments, environment: environment, limit: .seconds(30))
  }

  @discardableResult
  private static func run(_ arguments: [String]) async throws -> String {
    let output = try await command(arguments).run()
    guard output.exit == .code(0) else {
      throw RemoteError.failed(command: arguments.joined(separator: " "), said: output.errorText)
    }
    return output.text
  }
}

/// Why there is no stand-in for a repository.
package enum RemoteError: Error, CustomStringConvertible {
  case failed(command: String, said: String)

  package var description: String {
    switch self {
    case .failed(let command, let said): "`\(command)` failed: \(said)"
    }
  }
}
