import JSON
import Jobs
import Reading

/// From where a source takes webhooks. The secret of a public App is everybody's who installs it, and in a
/// repository of their own they are its owners: only a list tells those from one's own.
struct GitHubOrigin: Sendable {
  /// `owner/name` or `owner/*`, in lower case; nil takes all.
  private let repositories: Set<String>?
  /// Ids of installations.
  private let installations: Set<String>?

  init(settings: JSON) {
    repositories = settings["repositories"]?.arrayValue.map { list in
      Set(list.compactMap { $0.stringValue?.lowercased() })
    }
    installations = settings["installations"]?.arrayValue.map {
      Set($0.compactMap { $0.stringValue ?? $0.integerValue.map(String.init) })
    }
  }

  /// What is wrong with the lists.
  static func problems(_ settings: JSON) -> [Problem] {
    (settings["repositories"]?.arrayValue ?? []).enumerated().compactMap { index, entry in
      guard let text = entry.stringValue, !KindShape.isOpen(text) else { return nil }
      let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      if parts.count == 2, !parts.contains(where: \.isEmpty) { return nil }
      return Problem(
        FieldPath.root.key("repositories").index(index),
        "Expected a repository as \"owner/name\", or \"owner/*\" for all of theirs.")
    }
  }

  /// Why a body is not taken; nil when it is. One of the lists is enough.
  func refusal(of body: JSON) -> String? {
    if repositories == nil, installations == nil { return nil }
    let installation = body["installation"]?["id"]?.integerValue.map(String.init)
    if let installation, installations?.contains(installation) == true { return nil }
    let name = body["repository"]?["full_name"]?.stringValue
    let owner = name?.prefix { $0 != "/" } ?? body["organization"]?["login"]?.stringValue?[...]
    for entry in [name, owner.map { "\($0)/*" }] {
      if let entry, repositories?.contains(entry.lowercased()) == true { return nil }
    }
    let place =
      name.map { "the repository \($0)" } ?? owner.map { "the organisation \($0)" } ?? "no repository"
    let through = installation.map { ", installation \($0)" } ?? ""
    return
      "It comes from \(place)\(through), which the source's `repositories` and `installations` do not list."
  }
}
