package import Git
package import JSON

/// A repository that a run finds cloned in its sandbox, as the job file has it.
package struct JobRepository: Sendable, Equatable {
  /// What of it is checked out; a branch or commit may be a template.
  package enum Checkout: Sendable, Equatable {
    case branch(String)
    case commit(String)
  }

  /// A template, rendered plain when a run starts, and checked then: it may come from outside.
  package var url: String
  /// Nil for the branch that the repository's HEAD names.
  package var checkout: Checkout?
  /// Below `/workspace`; nil is `/workspace/<name of the repository>`.
  package var mount: String?
  /// A reference to the token with which it is cloned, resolved when it is used. It never enters the sandbox.
  package var token: String?
  /// Which hosts may be sent the token. Nil is the host that stands in `url`; when that comes from outside,
  /// `github.com`.
  package var hosts: [String]?
  /// Commits of history; 0 is all of them.
  package var depth: Int

  package static let standardDepth = 1
  static let outsideHosts = ["github.com"]

  package init(
    url: String, checkout: Checkout? = nil, mount: String? = nil, token: String? = nil,
    hosts: [String]? = nil,
    depth: Int = standardDepth
  ) {
    self.url = url
    self.checkout = checkout
    self.mount = mount
    self.token = token
    self.hosts = hosts
    self.depth = depth
  }

  /// Everything of it with the values of one occurrence in place, and found fit for git.
  package struct Resolved: Sendable, Equatable {
    package var url: RepositoryURL
    package var revision: Revision
    package var mount: String
    package var token: Setting?
    package var depth: Int
  }

  /// - Throws: `TemplateError`, `RepositoryURLError`, `BranchNameError`, `JobRepositoryError`, `SecretError`.
  package func resolved(context: JSON) throws -> Resolved {
    let url = try RepositoryURL(Template.renderPlain(url, context: context).text)
    let revision: Revision
    switch checkout {
    case nil: revision = .standard
    case .branch(let name):
      revision = .branch(try BranchName(Template.renderPlain(name, context: context).text))
    case .commit(let id):
      let text = try Template.renderPlain(id, context: context).text
      guard let commit = CommitID(text) else { throw JobRepositoryError.badCommit(text) }
      revision = .commit(commit)
    }
    let mount = mount ?? "\(Self.root)/\(url.name)"
    if let problem = Self.problem(ofMount: mount) { throw JobRepositoryError.badMount(mount, problem) }
    if token != nil, url.scheme != .file, let allowed = allowedHosts, !allowed.contains(url.host) {
      throw JobRepositoryError.closedHost(url.host, allowed: allowed)
    }
    return Resolved(
      url: url, revision: revision, mount: mount, token: try token.map { try Setting(written: $0) },
      depth: depth)
  }

  private var allowedHosts: [String]? {
    hosts ?? (url.contains("{{") ? Self.outsideHosts : nil)
  }

  /// What is wrong with a place in the sandbox; nil when nothing is.
  package static func problem(ofMount mount: String) -> String? {
    let parts = mount.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2)
    let isPlain = mount.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
    guard mount.hasPrefix(root + "/"), isPlain,
      parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && $0.first != "-" && $0 != ".git" })
    else { return "it must be a folder below \(root), such as \(root)/repo, without \"..\" and spaces" }
    return parts.first == ".errand" ? "\(root)/.errand is taken" : nil
  }

  /// Where the agent works.
  static let root = "/workspace"
}

/// Why a repository of a job cannot be used with the values of an occurrence.
package enum JobRepositoryError: Error, Equatable, CustomStringConvertible {
  case badCommit(String)
  case badMount(String, String)
  case closedHost(String, allowed: [String])

  package var description: String {
    switch self {
    case .badCommit(let text):
      "“\(text.prefix(80))” is no commit: write its 40 hexadecimal digits, or name a branch."
    case .badMount(let mount, let problem): "The mount “\(mount.prefix(200))” cannot be used: \(problem)."
    case .closedHost(let host, let allowed):
      "The repository is at \(host), and its token may be sent to \(allowed.joined(separator: ", ")) only. If "
        + "\(host) is meant, add it to the repository's “hosts”."
    }
  }
}

extension JobRepository {
  var json: JSON {
    var object: JSON.Object = ["url": .string(url)]
    switch checkout {
    case .branch(let name): object["checkout"] = ["branch": .string(name)]
    case .commit(let id): object["checkout"] = ["commit": .string(id)]
    case nil: break
    }
    if let mount { object["mount"] = .string(mount) }
    if let token { object["token"] = .string(token) }
    if let hosts { object["hosts"] = .array(hosts.map { .string($0) }) }
    object["depth"] = .integer(Int64(depth))
    return .object(object)
  }

  init(json: JSON) {
    let branch = json["checkout"]?["branch"]?.stringValue.map(Checkout.branch)
    self.init(
      url: json["url"]?.stringValue ?? "",
      checkout: branch ?? json["checkout"]?["commit"]?.stringValue.map(Checkout.commit),
      mount: json["mount"]?.stringValue, token: json["token"]?.stringValue,
      hosts: json["hosts"]?.arrayValue?.compactMap(\.stringValue),
      depth: json["depth"]?.intValue ?? Self.standardDepth)
  }

}
