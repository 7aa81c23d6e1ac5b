package import Catalog
package import JSON
import Primitives

/// What a tool call gave back, in the words of the wire.
package struct ToolResult: Sendable, Equatable {
  /// Content blocks, usually one `{"type": "text", "text": …}`.
  package var content: [JSON]
  package var isError: Bool
  /// Searches of the web that brought findings.
  package var webSearches = 0

  package init(content: [JSON], isError: Bool = false) {
    self.content = content
    self.isError = isError
  }

  package init(text: String, isError: Bool = false) {
    self.init(content: [["type": "text", "text": .string(text)]], isError: isError)
  }

  /// What stands in for the result of a call that was cut short: by an interrupt, or because the process
  /// died while it ran. The call is never made again by itself, since nobody knows how far it came.
  package static let interrupted = ToolResult(
    text: "Tool execution was interrupted before completion. Please retry.", isError: true)
}

/// How a check of an outcome ended.
package struct CheckResult: Sendable, Equatable {
  /// 0 is passed; 124 is the time limit.
  package var exitCode: Int32
  /// The last 4,000 characters of what it printed.
  package var tail: String

  package init(exitCode: Int32, tail: String) {
    self.exitCode = exitCode
    self.tail = tail
  }
}

/// A file that the sandbox sees read-only.
package struct Mount: Sendable, Equatable {
  /// Where the sandbox sees it, below `/mnt/session/uploads`.
  package var path: String
  /// The host path of the immutable content.
  package var source: String
  /// What its bytes must be, in lower-case hexadecimal; nil takes them as they are.
  package var sha256: String?

  package init(path: String, source: String, sha256: String? = nil) {
    self.path = path
    self.source = source
    self.sha256 = sha256
  }
}

/// What a session's hands are made of.
package struct Workplace: Sendable, Equatable {
  /// The session's id; its workspace is named after it.
  package var session: String
  package var mounts: [Mount]
  package var repositories: [RepositoryMount]
  /// Variables for the agent's commands. Never secrets.
  package var environment: [String: String]
  /// Which hosts the sandbox may reach.
  package var networking: Networking
  /// What is installed in it.
  package var packages: Packages
  /// Whose packages they are; sessions of one environment share them.
  package var environmentID: String?
  /// Asked before a sandbox is made, which ends what runs in the workspace.
  package var permit = Permit.always

  package init(
    session: String, mounts: [Mount] = [], repositories: [RepositoryMount] = [],
    environment: [String: String] = [:], networking: Networking = .none,
    packages: Packages = .none, environmentID: String? = nil
  ) {
    self.session = session
    self.mounts = mounts
    self.repositories = repositories
    self.environment = environment
    self.networking = networking
    self.packages = packages
    self.environmentID = environmentID
  }
}

/// “Still mine?” A process that hung and goes on finds its sandbox gone. It must not make another, for that would end
/// the one of whoever works on the session now.
package struct Permit: Sendable, Equatable {
  /// - Throws: when the session is another's by now.
  package let check: @Sendable () async throws -> Void

  package init(_ check: @escaping @Sendable () async throws -> Void) {
    self.check = check
  }

  package static let always = Permit {}

  /// Which sandbox it is does not depend on it.
  package static func == (left: Permit, right: Permit) -> Bool { true }
}

/// A deliverable that was taken out of the sandbox.
package struct OutputFile: Sendable, Equatable {
  /// Relative to `/mnt/session/outputs`.
  package var path: String
  package var size: Int64
  /// The host path of a private copy, out of the sandbox's reach. Whoever collected it removes it.
  package var copy: String
  /// Nil leaves it to the name's ending.
  package var mimeType: String?
  /// What is known of it besides; for a bundle of commits `{repository, base_commit, head_commit, branch}`.
  package var metadata: JSON?

  package init(
    path: String, size: Int64, copy: String, mimeType: String? = nil, metadata: JSON? = nil
  ) {
    self.path = path
    self.size = size
    self.copy = copy
    self.mimeType = mimeType
    self.metadata = metadata
  }

  /// The type of a bundle of commits, which is no type of a registry.
  package static let bundleType = "application/x-git-bundle"
}

/// Where a session's tools run. Made cheaply; provisioned at the first call.
package protocol Hands: Sendable {
  /// Runs a tool. What goes wrong inside the tool is an error *result*; it throws only when the sandbox
  /// itself cannot work, and `CancellationError`.
  func execute(_ name: String, _ input: JSON) async throws -> ToolResult
  /// Runs a shell command in the sandbox, in a process of its own, never in the agent's shell.
  func check(_ command: String, limit: Duration) async throws -> CheckResult
  /// Clones those repositories that are not in the sandbox yet, with the tokens that they have now.
  /// - Returns: those that could not be.
  func mount(_ repositories: [RepositoryMount]) async throws -> [RepositoryTrouble]
  /// Copies what lies under `/mnt/session/outputs`, and the commits made in repositories, as bundles.
  func collect() async throws -> [OutputFile]
  /// Ends every process and removes the workspace.
  func end() async
}

extension Hands {
  package func mount(_ repositories: [RepositoryMount]) async throws -> [RepositoryTrouble] { [] }
}

/// The sandbox itself cannot work. The sentence says why, without the places of this machine: clients read it.
package struct SandboxError: Error, Equatable, CustomStringConvertible {
  package let description: String
  package init(_ cause: any Error) {
    description = (cause as? any OperatorError)?.toldToClients ?? "\(cause)"
  }
}

package protocol HandsProvider: Sendable {
  /// What its hands can do.
  var tools: [ToolDefinition] { get }
  /// The workspace of an earlier drive of the same session is found again, with the files in it.
  func hands(for workplace: Workplace) throws -> any Hands
  /// Ends the sandbox processes of a session that this process has no hands for, because the process that
  /// had them died; with `removingWorkspace` the files go too.
  func endLeftovers(session: String, removingWorkspace: Bool) async
}
