package import JSON

/// A repository that the sandbox gets a clone of: a `github_repository` resource of the wire.
package struct RepositoryMount: Sendable, Equatable {
  /// The resource's id.
  package var id: String
  package var url: String
  /// `{"type": "branch", "name": …}` or `{"type": "commit", "sha": …}`; nil is the branch of its HEAD.
  package var checkout: JSON?
  /// Where the sandbox sees it, below `/workspace`.
  package var path: String
  /// Where the token is, as the job's setting keeps it. Looked up when it is used; only runs have one.
  package var token: JSON?
  /// The token itself, as a client of the wire gave it. Nothing in it is a reference.
  package var literalToken: String?
  /// Commits of history; nil is all of it.
  package var depth: Int?
  /// Whether a session without it is of no use. On the wire a clone that fails stops nothing; a run's does.
  package var isRequired: Bool

  /// Nil for a resource of another kind.
  package init?(resource: JSON) {
    guard resource["type"]?.stringValue == "github_repository",
      let id = resource["id"]?.stringValue, let url = resource["url"]?.stringValue,
      let path = resource["mount_path"]?.stringValue
    else { return nil }
    self.id = id
    self.url = url
    self.path = path
    checkout = resource["checkout"].flatMap { $0.isNull ? nil : $0 }
    token = resource["token"]
    literalToken = resource["authorization_token"]?.stringValue
    depth =
      (resource["depth"]?.intValue).flatMap { $0 == 0 ? nil : $0 } ?? (resource["depth"] == nil ? 1 : nil)
    isRequired = resource["required"]?.boolValue ?? false
  }

  /// Members of a stored resource that the wire never shows.
  package static let hidden = ["sha256", "token", "authorization_token", "depth", "required"]
}

/// Why a repository is not in the sandbox.
package struct RepositoryTrouble: Sendable, Equatable {
  /// The wire's type of error: `repository_not_found_error` and its like.
  package var type: String
  package var url: String
  /// A sentence for the person who must act.
  package var message: String
  /// Whether trying again may help.
  package var isRetryable: Bool
  package var isRequired: Bool

  package init(type: String, url: String, message: String, isRetryable: Bool, isRequired: Bool) {
    self.type = type
    self.url = url
    self.message = message
    self.isRetryable = isRetryable
    self.isRequired = isRequired
  }

  /// The `session.error` event. The wire always calls these `retrying`: the session goes on.
  package var event: NewEvent {
    NewEvent(
      .error,
      [
        "error": [
          "type": .string(type), "message": .string(message), "repository_url": .string(url),
          "retry_status": ["type": "retrying"],
        ]
      ])
  }

  /// Whether an event's error is about a repository, and so says nothing of the model.
  package static func isMeant(by event: Event) -> Bool {
    event.body["error"]?["type"]?.stringValue?.hasPrefix("repository_") ?? false
  }
}
