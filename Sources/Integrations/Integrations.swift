package import Callbacks
package import Hooks
package import Jobs

/// Lists every vendor that Errand works with. A new one is a folder beside this file and one line here.
package enum Integrations {
  static let all = [
    Integration(source: GenericSource.self, target: WebhookTarget.self),
    Integration(target: DirectoryTarget.self),
    Integration(source: GitHubSource.self, target: GitHubTarget.self),
    Integration(source: SlackSource.self, target: SlackTarget.self),
  ]

  /// Every kind of source, for `Hooks`.
  package static let sources = all.compactMap(\.source)

  /// What job files may say about sources, callbacks and patterns.
  package static let kinds = Kinds(
    sources: sources.map { $0.wholeShape }, callbacks: all.compactMap { $0.target?.shape },
    patternProblems: Pattern.problems, unknownTypes: Pattern.unknownTypes)

  /// Makes every kind of target, for `Courier`.
  package static func targets(_ supplies: Supplies) -> [any Target] {
    all.compactMap { $0.target?.init(supplies) }
  }
}

/// One vendor: where webhooks come from, where results go, or both.
struct Integration: Sendable {
  var source: (any SourceKind.Type)?
  var target: (any SuppliedTarget.Type)?

  init(source: (any SourceKind.Type)? = nil, target: (any SuppliedTarget.Type)? = nil) {
    self.source = source
    self.target = target
  }
}
