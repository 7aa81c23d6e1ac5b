import Callbacks
package import Catalog
package import Git
package import HTTPClient
package import Primitives
package import Signatures
package import Store

/// What targets are made of: each takes what it needs, so that all are made in the same way.
package struct Supplies: Sendable {
  var database: Database
  var files: Files
  /// How people without a key get at files.
  var links: FileLinks
  var client: HTTPClient
  var git: Git
  var local: LocalRepositories
  var environment: [String: String]
  /// By what the server knows its own texts again when it hears of them.
  var marks: OwnMarks?
  var time: Time

  package init(
    database: Database, files: Files, links: FileLinks, client: HTTPClient, git: Git,
    local: LocalRepositories, environment: [String: String], marks: OwnMarks? = nil, time: Time
  ) {
    self.database = database
    self.files = files
    self.links = links
    self.client = client
    self.git = git
    self.local = local
    self.environment = environment
    self.marks = marks
    self.time = time
  }
}

/// A kind of destination that is made of the supplies.
protocol SuppliedTarget: Target {
  init(_ supplies: Supplies)
}
