import ArgumentParser
import JSON
import Primitives

/// A resource of the wire API as the command line shows it; its commands are the same for all.
protocol WireResource: Sendable {
  /// Below `/v1`, and the command: `agents`.
  static var collection: String { get }
  /// `agent`
  static var word: String { get }
  static var columns: [Table.Column] { get }
  static func cells(_ item: JSON, now: Timestamp) -> [Table.Cell]
  static var exampleID: String { get }
  /// What is asked before one is archived or deleted.
  associatedtype Guard: RemovalGuard = Unguarded
}

extension WireResource {
  /// What its ids are of.
  static var kind: ThingKind { ThingKind(id: exampleID) }
}

enum AgentResource: WireResource {
  typealias Guard = JobGuard<AgentResource>
  static let collection = "agents"
  static let word = "agent"
  static let exampleID = "agent_01kq3v5m9x"
  static let columns = [
    Table.Column(title: "AGENT"), Table.Column(title: "NAME", shrinks: true),
    Table.Column(title: "VERSION", isRight: true),
    Table.Column(title: "MODEL", shrinks: true), Table.Column(title: "CHANGED"),
  ]

  static func cells(_ item: JSON, now: Timestamp) -> [Table.Cell] {
    [
      ListOutput.text(item, "id"), ListOutput.text(item, "name"),
      Table.Cell(item["version"]?.intValue.map(String.init) ?? "–"),
      Table.Cell(item["model"]?["id"]?.stringValue ?? "–"),
      Table.Cell(TimeWords.relative(item["updated_at"]?.stringValue, to: now)),
    ]
  }
}

enum EnvironmentResource: WireResource {
  typealias Guard = JobGuard<EnvironmentResource>
  static let collection = "environments"
  static let word = "environment"
  static let exampleID = "env_01kq3v5m9x"
  static let columns = [
    Table.Column(title: "ENVIRONMENT"), Table.Column(title: "NAME", shrinks: true),
    Table.Column(title: "KIND"),
    Table.Column(title: "NETWORK"), Table.Column(title: "CHANGED"),
  ]

  static func cells(_ item: JSON, now: Timestamp) -> [Table.Cell] {
    [
      ListOutput.text(item, "id"), ListOutput.text(item, "name"),
      Table.Cell(item["config"]?["type"]?.stringValue ?? "–"),
      Table.Cell(item["config"]?["networking"]?["type"]?.stringValue ?? "–"),
      Table.Cell(TimeWords.relative(item["updated_at"]?.stringValue, to: now)),
    ]
  }
}

enum SessionResource: WireResource {
  static let collection = "sessions"
  static let word = "session"
  static let exampleID = "sesn_01kq3v5m9x"
  static let columns = [
    Table.Column(title: "SESSION"), Table.Column(title: "STATUS"),
    Table.Column(title: "AGENT", shrinks: true),
    Table.Column(title: "TITLE", shrinks: true), Table.Column(title: "MADE"),
  ]

  static func cells(_ item: JSON, now: Timestamp) -> [Table.Cell] {
    [
      ListOutput.text(item, "id"), ListOutput.state(item, "status"),
      Table.Cell(item["agent"]?["name"]?.stringValue ?? "–"), ListOutput.text(item, "title"),
      Table.Cell(TimeWords.relative(item["created_at"]?.stringValue, to: now)),
    ]
  }
}

enum FileResource: WireResource {
  static let collection = "files"
  static let word = "file"
  static let exampleID = "file_01kq3v5m9x"
  static let columns = [
    Table.Column(title: "FILE"), Table.Column(title: "NAME", shrinks: true),
    Table.Column(title: "BYTES", isRight: true), Table.Column(title: "SESSION"), Table.Column(title: "MADE"),
  ]

  static func cells(_ item: JSON, now: Timestamp) -> [Table.Cell] {
    [
      ListOutput.text(item, "id"), ListOutput.text(item, "filename"),
      Table.Cell(item["size_bytes"]?.intValue.map(String.init) ?? "–"),
      Table.Cell(item["scope"]?["id"]?.stringValue ?? "–"),
      Table.Cell(TimeWords.relative(item["created_at"]?.stringValue, to: now)),
    ]
  }
}

// MARK: The commands

struct ListResources<Resource: WireResource>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "list",
      abstract:
        "List \(Resource.collection), the newest first. This is what `errand \(Resource.collection)` does.",
      discussion: """
        EXAMPLES:
          errand \(Resource.collection) --limit 50
          errand \(Resource.collection) --json | jq -r '.data[].id'
        """)
  }

  @Flag(help: "Also what is archived.")
  var archived = false
  @OptionGroup var list: ListOptions
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let answer = try await server.server().list(
      ["v1", Resource.collection], [("include_archived", archived ? "true" : nil)], limit: list.limit)
    let now = Time.system.now()
    let when = archived ? [Table.Column(title: "ARCHIVED")] : []
    ListOutput.show(
      answer, as: list, Resource.columns + when, things: Resource.collection,
      nothing: "There are no \(Resource.collection)."
    ) { item in
      let since = item["archived_at"]?.stringValue.map { TimeWords.relative($0, to: now) } ?? "–"
      return Resource.cells(item, now: now) + (archived ? [Table.Cell(since)] : [])
    }
  }
}

struct GetResource<Resource: WireResource>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "get", abstract: "Print the API's JSON of one \(Resource.word).",
      discussion: """
        EXAMPLES:
          errand \(Resource.collection) get \(Resource.exampleID)
        """)
  }

  @Argument(help: "The id, or its end.")
  var id: String
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let id = try await server.whole(id, Resource.kind)
    Say.output(try await server.get(["v1", Resource.collection, id]).shownText)
  }
}

struct CreateResource<Resource: WireResource>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "create", abstract: "Create one from a body in YAML or JSON, and print what was made.",
      discussion: """
        EXAMPLES:
          errand \(Resource.collection) create --file body.yaml
          jq -n '{…}' | errand \(Resource.collection) create
        """)
  }

  @OptionGroup var body: BodyOptions
  @OptionGroup var server: ServerOptions

  func run() async throws {
    Say.output(try await server.server().post(["v1", Resource.collection], try body.read()).shownText)
  }
}

struct UpdateResource<Resource: WireResource>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "update", abstract: "Change one by a body in YAML or JSON: what it leaves out stays.",
      discussion: """
        EXAMPLES:
          echo '{"metadata": {"team": "desk"}}' | errand \(Resource.collection) update \(Resource.exampleID)
        """)
  }

  @Argument(help: "The id, or its end.")
  var id: String
  @OptionGroup var body: BodyOptions
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let id = try await server.whole(id, Resource.kind)
    Say.output(try await server.post(["v1", Resource.collection, id], try body.read()).shownText)
  }
}

struct ArchiveResource<Resource: WireResource>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "archive", abstract: "Close one for good; what is there stays readable.",
      discussion: """
        EXAMPLES:
          errand \(Resource.collection) archive \(Resource.exampleID)
        """)
  }

  @Argument(help: "The id, or its end.")
  var id: String
  @OptionGroup var removal: Resource.Guard
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let id = try await server.whole(id, Resource.kind)
    try await removal.check(id, on: server)
    _ = try await server.post(["v1", Resource.collection, id, "archive"], [:])
    Say.output("\(id) is archived.")
  }
}

struct DeleteResource<Resource: WireResource>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "delete", abstract: "Remove one for good, with all that belongs to it.",
      discussion: """
        EXAMPLES:
          errand \(Resource.collection) delete \(Resource.exampleID)
        """)
  }

  @Argument(help: "The id, or its end.")
  var id: String
  @OptionGroup var removal: Resource.Guard
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let id = try await server.whole(id, Resource.kind)
    try await removal.check(id, on: server)
    _ = try await server.delete(["v1", Resource.collection, id])
    Say.output("\(id) is deleted.")
  }
}
