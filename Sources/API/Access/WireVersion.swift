import HTTPServer
import Reading

/// The headers in which clients name the API they speak. All versions here are answered alike: what differs
/// between them is how a key is shown, and both ways are taken from everybody.
enum WireVersion {
  static let versions = ["2023-06-01", "2026-10-21"]

  /// Betas that clients of this API are known to name. Naming one changes nothing; an unknown one may ask for
  /// something that would silently not happen.
  static let betas: Set<String> = [
    "managed-agents-2026-04-01", "agent-memory-2026-07-22", "files-api-2025-04-14", "skills-2025-10-02",
    "webhooks-2026-10-07", "dreaming-2026-04-21", "mcp-tunnels-2026-06-22", "user-profiles-2026-03-24",
    "user-profiles-2026-08-18", "user-profiles-2026-09-04", "efs-2026-10-01",
    "google-managed-data-controls-2026-09-01",
    // How a client that signs in elsewhere shows its key.
    "oauth-2025-04-20", "oidc-federation-2026-04-01",
    // Of the Messages API and of an organisation's administration; programs set them for all their requests.
    "admin-user-sign-out-2026-10-08",
    "advisor-tool-2026-03-01", "analytics-usage-cost-2026-08-24", "cache-diagnosis-2026-04-07",
    "ce-claude-code-managed-settings-2026-10-06", "ce-plugins-2026-09-01", "ce-user-management-2026-07-13",
    "code-execution-2025-05-22", "compact-2026-01-12", "compact-2026-09-04", "computer-use-2024-10-22",
    "computer-use-2025-01-24", "computer-use-2025-11-24",
    "context-1m-2025-08-07", "context-management-2025-06-27", "dev-full-thinking-2025-05-14",
    "experimental-claude-tag-2026-10-21", "extended-cache-ttl-2025-04-11", "fallback-credit-2026-06-01",
    "fallback-credit-2026-07-01", "fast-mode-2026-02-01", "fine-grained-tool-streaming-2025-05-14",
    "inline-tools-2026-09-15", "interleaved-thinking-2025-05-14", "mcp-client-2025-04-04",
    "mcp-client-2025-11-20", "mcp-client-2026-09-15", "message-batches-2024-09-24",
    "message-threads-2026-08-12", "mid-conversation-output-config-2026-07-01",
    "mid-conversation-system-clear-at-2026-08-21", "mid-conversation-tool-changes-2026-07-01",
    "model-context-window-exceeded-2025-08-26", "output-128k-2025-02-19", "output-300k-2026-03-24",
    "pdfs-2024-09-25", "prompt-caching-2024-07-31", "server-side-fallback-2026-06-01",
    "server-side-fallback-2026-07-01", "spend-limit-reads-2026-09-26", "structured-outputs-2025-11-13",
    "task-budgets-2026-03-13", "telemetry-destinations-2026-08-11", "thinking-binding-controls-2026-08-01",
    "thinking-display-updates-2026-08-18", "thinking-token-count-2026-05-13", "token-counting-2024-11-01",
    "token-efficient-tools-2025-02-19", "user-profiles-billing-2026-10-01",
  ]

  /// What a client that names a version must also name at the addresses that are beta.
  private static let gate = "managed-agents-2026-04-01"

  /// Whether the client asks for a beta.
  static func names(_ beta: String, _ http: HTTPRequest) -> Bool { named(http.headers).contains(beta) }

  private static func named(_ headers: HTTPHeaders) -> [String] {
    headers.all("anthropic-beta").flatMap { $0.split(separator: ",") }
      .map { $0.drop(while: \.isWhitespace) }.map { String($0.prefix { !$0.isWhitespace }) }
  }

  /// - Throws: `APIError.invalid` for a version or beta that nobody knows; `.notFound` when a beta is missing, since
  ///   without it the addresses are not there.
  static func check(_ http: HTTPRequest) throws {
    let headers = http.headers
    if let version = headers.first("anthropic-version"), !versions.contains(version) {
      throw APIError.invalid(
        "anthropic-version: Expected \(versions.alternatives), found \(quoted(version)).")
    }
    let named = WireVersion.named(headers)
    if let unknown = named.first(where: { !$0.isEmpty && !betas.contains($0) }) {
      throw APIError.invalid("anthropic-beta: This server knows no beta \(quoted(unknown)). Leave it out.")
    }
    let address = "/" + http.segments.prefix(2).joined(separator: "/")
    let isGated = API.betaAddresses.contains(address)
    let isBeta = named.contains(gate) || http.query.contains { $0.name == "beta" && $0.value == "true" }
    if isGated, headers.first("anthropic-version") != nil, !isBeta {
      throw APIError.notFound(
        "anthropic-beta: Clients that send anthropic-version must also send the beta \(gate) here.")
    }
  }
}
