import Git
import JSON
import Jobs
import Primitives
import Store

extension Runs {
  /// The session's resource for a repository. Its token stays a reference, beside what the wire shows.
  func resource(_ repository: JobRepository.Resolved) -> JSON {
    let now = time.now()
    var resource: JSON.Object = [
      "id": .string(ID.make("sesrsc", at: now, randomness)), "type": "github_repository",
      "url": .string(repository.url.description), "mount_path": .string(repository.mount),
      "depth": .integer(Int64(repository.depth)), "required": true,
      "created_at": .string(now.description), "updated_at": .string(now.description),
    ]
    switch repository.revision {
    case .standard: break
    case .branch(let name): resource["checkout"] = ["type": "branch", "name": .string(name.text)]
    case .commit(let id): resource["checkout"] = ["type": "commit", "sha": .string(id.text)]
    }
    if let token = repository.token { resource["token"] = token.stored }
    return .object(resource)
  }
}
