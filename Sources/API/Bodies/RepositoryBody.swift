import Git
import JSON
import Jobs
import Primitives
import Reading
import Store

/// A `github_repository` resource as a body asks for it.
struct RepositoryBody {
  private static let keys = ["type", "url", "authorization_token", "checkout", "mount_path"]
  /// The most characters of a token.
  static let tokenLength = 1...4096

  private let url: RepositoryURL
  private let token: String?
  private let checkout: JSON?
  private let mountPath: String

  /// Nil, with a note, when something is wrong with it.
  init?(_ value: JSON, at path: FieldPath, _ findings: Findings) {
    let before = findings.problems.count
    guard let given = Fields(value, at: path, "a repository resource", keys: RepositoryBody.keys, findings),
      let address = given.text("url", required: true, length: 1...2048)
    else { return nil }
    token = given.text("authorization_token", length: RepositoryBody.tokenLength)
    checkout = RepositoryBody.checkout(given)
    let url: RepositoryURL
    do throws(RepositoryURLError) {
      url = try RepositoryURL(address)
    } catch {
      given.add("url", error.description)
      return nil
    }
    if url.scheme == .file {
      given.add("url", "Expected an https:// address; repositories of this machine are for job files only.")
    }
    self.url = url
    mountPath = given.text("mount_path", length: 1...1024) ?? "/workspace/\(url.name)"
    if let problem = JobRepository.problem(ofMount: mountPath) { given.add("mount_path", problem) }
    guard findings.problems.count == before else { return nil }
  }

  private static func checkout(_ given: Fields) -> JSON? {
    guard let kind = given.fields("checkout", "a checkout", keys: nil) else { return nil }
    switch kind.choice("type", of: ["branch", "commit"], required: true) {
    case "branch":
      let branch = given.fields("checkout", "a branch", keys: ["type", "name"])
      guard let name = branch?.text("name", required: true, length: 1...255) else { return nil }
      if (try? BranchName(name)) == nil {
        branch?.add("name", "Expected the name of a branch, found \(quoted(name)).")
      }
      return ["type": "branch", "name": .string(name)]
    case "commit":
      let commit = given.fields("checkout", "a commit", keys: ["type", "sha"])
      guard let sha = commit?.text("sha", required: true, length: 1...64) else { return nil }
      if ![40, 64].contains(sha.utf8.count) || !sha.allSatisfy(\.isHexDigit) {
        commit?.add("sha", "Expected a whole commit id of 40 or 64 hexadecimal digits, found \(quoted(sha)).")
      }
      return ["type": "commit", "sha": .string(sha.lowercased())]
    default: return nil
    }
  }

  func resource(at now: Timestamp, _ randomness: Randomness) -> JSON {
    var resource: JSON.Object = [
      "id": .string(ID.make("sesrsc", at: now, randomness)), "type": "github_repository",
      "url": .string(url.description), "mount_path": .string(mountPath),
    ]
    if let checkout { resource["checkout"] = checkout }
    resource["created_at"] = .string(now.description)
    resource["updated_at"] = .string(now.description)
    if let token { resource["authorization_token"] = .string(token) }
    return .object(resource)
  }
}
