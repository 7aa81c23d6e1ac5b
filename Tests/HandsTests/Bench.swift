import Catalog
import Glibc
import JSON
import Primitives
import Processes
import Sessions

@testable import Hands

/// Hands in a fresh folder, and what tests ask of them.
struct Bench: Sendable {
  let root: String
  let session: String
  let provider: SandboxProvider
  let hands: any Hands

  static let kinds = SandboxKind.allCases

  /// Runs a test with hands, and removes everything afterwards.
  static func with<Result>(
    _ kind: SandboxKind = .bubblewrap, limits: SandboxLimits = SandboxLimits(), mounts: [Mount] = [],
    environment: [String: String] = [:], repositories: Repositories? = nil,
    mounting: [RepositoryMount] = [], networking: Networking = .none,
    egress: EgressSettings = EgressSettings(),
    packages: Packages = .none, packageSettings: PackageSettings = PackageSettings(),
    _ body: (Bench) async throws -> Result
  ) async throws -> Result {
    let name = Hex.encode(Randomness.system.bytes(8))
    let root = "/tmp/errand-hands-\(name)"
    let session = "sesn_\(name)"
    let provider = SandboxProvider(
      root: root, kind: kind, limits: limits, repositories: repositories, egress: egress,
      packages: packageSettings)
    let hands = try provider.hands(
      for: Workplace(
        session: session, mounts: mounts, repositories: mounting, environment: environment,
        networking: networking, packages: packages, environmentID: "env_test"))
    let bench = Bench(root: root, session: session, provider: provider, hands: hands)
    do {
      let result = try await body(bench)
      await bench.clean()
      return result
    } catch {
      await bench.clean()
      throw error
    }
  }

  private func clean() async {
    await hands.end()
    await provider.endLeftovers(session: session, removingWorkspace: true)
    _ = try? await Command(["rm", "-rf", "--", root]).run()
  }

  @discardableResult
  func call(_ tool: String, _ input: JSON) async throws -> (text: String, isError: Bool) {
    let result = try await hands.execute(tool, input)
    return (result.content.first?["text"]?.stringValue ?? "no text", result.isError)
  }

  func mountRepositories() async throws -> [RepositoryTrouble] {
    try await hands.mount((hands as? SandboxedHands)?.workplace.repositories ?? [])
  }

  @discardableResult
  func bash(_ command: String, timeout: Int? = nil) async throws -> (text: String, isError: Bool) {
    var input: JSON = ["command": .string(command)]
    if let timeout { input["timeout_ms"] = .integer(Int64(timeout)) }
    return try await call("bash", input)
  }

  /// What went through the session's proxy so far.
  var traffic: EgressTraffic { (hands as? SandboxedHands)?.traffic ?? EgressTraffic() }

  /// Processes of this session, as the host sees them.
  var processes: [ProcessIdentity] { ProcessIdentity.all(withEnvironment: "ERRAND_SANDBOX=\(session)") }

  var workspace: String { "\(root)/\(session)" }
}
