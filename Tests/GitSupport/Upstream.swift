import Glibc
import Primitives
import Processes

/// A folder with a bare repository, `shop.git`, that stands for a remote.
package struct Upstream: Sendable {
  package let folder: String
  package var bare: String { "\(folder)/shop.git" }
  /// A file that only something that escaped can make.
  package var canary: String { "\(folder)/canary" }
  package var hasCanary: Bool { access(canary, F_OK) == 0 }

  /// Makes the remote with what a script commits in a work tree; removes everything afterwards.
  package static func with<Result>(
    _ script: String = "echo one > file.txt; git add .; git commit -qm one",
    _ body: (Upstream) async throws -> Result
  ) async throws -> Result {
    let upstream = Upstream(folder: "/tmp/errand-upstream-\(Hex.encode(Randomness.system.bytes(8)))")
    // What cannot be removed hurts nobody.
    func remove() async { _ = try? await Command(["rm", "-rf", "--", upstream.folder]).run() }
    do {
      mkdir(upstream.folder, 0o755)
      try await upstream.shell(
        """
        mkdir -p work && git init -q --bare -b main shop.git && git -C shop.git config http.receivepack true
        cd work && git init -q -b main . && { \(script)
        } && git push -q ../shop.git HEAD:refs/heads/main
        """)
      let result = try await body(upstream)
      await remove()
      return result
    } catch {
      await remove()
      throw error
    }
  }

  package struct Failed: Error, CustomStringConvertible {
    package let description: String
  }

  /// Runs a script in the folder, as somebody with a name.
  /// - Throws: `Failed` with what it printed.
  @discardableResult
  package func shell(_ script: String) async throws -> String {
    let environment = [
      "PATH": "/usr/bin:/bin", "HOME": folder, "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
      "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_NOSYSTEM": "1",
      "CANARY": canary,
    ]
    let output = try await Command(
      ["/bin/bash", "-ec", script], environment: environment, directory: folder, limit: .seconds(60)
    ).run()
    guard output.exit == .code(0) else { throw Failed(description: "\(output.text)\(output.errorText)") }
    return output.text
  }
}
