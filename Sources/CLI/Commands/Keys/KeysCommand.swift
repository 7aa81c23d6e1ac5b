import ArgumentParser
import JSON
import Primitives
import Reading

/// `errand keys`
struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Make, list or revoke the keys of the API.",
    discussion: """
      EXAMPLES:
        errand keys
        errand keys create ci --scope run
        errand keys revoke ci
      """, subcommands: [ListKeys.self, CreateKey.self, RevokeKey.self], defaultSubcommand: ListKeys.self)
}

struct CreateKey: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make a key and print it: the only time that anybody sees it.",
    discussion: """
      EXAMPLES:
        errand keys create ci --scope run
        export ERRAND_API_KEY=$(errand keys create laptop --scope admin)
      """)

  @Argument(help: "What the key is for; no two keys have one name.")
  var name: String
  @Option(
    help: ArgumentHelp(
      "admin may do everything; run uses agents, sessions, files and runs; read only reads; hooks only starts jobs."
    ))
  var scope = "run"
  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func validate() throws { try Choice("scope", ["admin", "run", "read", "hooks"]).check(scope) }

  func run() async throws {
    let made = try await server.server().post(
      ["v1", "keys"], ["name": .string(name), "scope": .string(scope)])
    if json { return Say.output(made.shownText) }
    Say.output(made["key"]?.stringValue ?? "")
    Say.notice(
      "The key “\(name)” with the scope \(scope). It is not shown again; revoke it with "
        + "`errand keys revoke \(made["id"]?.stringValue ?? "")`.")
  }
}

struct ListKeys: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List keys, the newest first. This is what `errand keys` does.",
    discussion: """
      EXAMPLES:
        errand keys
        errand keys --json | jq -r '.data[] | select(.scope == "admin") | .name'
      """)

  @OptionGroup var list: ListOptions
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let answer = try await server.server().list(["v1", "keys"], limit: list.limit)
    let now = Time.system.now()
    ListOutput.show(
      answer, as: list,
      [
        Table.Column(title: "KEY"), Table.Column(title: "NAME", shrinks: true), Table.Column(title: "SCOPE"),
        Table.Column(title: "MADE"), Table.Column(title: "REVOKED"),
      ], things: "keys", nothing: "There are no keys besides the first one, which is in the data directory."
    ) { key in
      [
        ListOutput.text(key, "id"), ListOutput.text(key, "name"), ListOutput.text(key, "scope"),
        Table.Cell(TimeWords.relative(key["created_at"]?.stringValue, to: now)),
        Table.Cell(key["revoked_at"]?.stringValue.map { TimeWords.relative($0, to: now) } ?? "–"),
      ]
    }
  }
}

struct RevokeKey: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "End a key's use, at once and for good.",
    discussion: """
      EXAMPLES:
        errand keys revoke apikey_01kq3v5m9x
        errand keys revoke ci
      """)

  @Argument(help: "The key's id, or its name.")
  var key: String
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let id = try await id(on: server)
    let revoked = try await server.post(["v1", "keys", id, "revoke"], [:])
    Say.output("\(id) “\(revoked["name"]?.stringValue ?? "")” is revoked.")
  }

  /// Of the keys with one name at most one is not revoked.
  private func id(on server: Server) async throws -> String {
    if ThingKind(id: key) == .key { return key }
    let keys = try await server.list(["v1", "keys"], limit: .max)["data"]?.arrayValue ?? []
    let named = keys.filter { $0["name"]?.stringValue == key }
    if named.isEmpty {
      let id = try await server.whole(key, .key)
      if ThingKind(id: id) == .key { return id }
    }
    if let id = named.first(where: { $0["revoked_at"]?.isNull == true })?["id"]?.stringValue { return id }
    let hint =
      Nearest.to(key, among: keys.compactMap { $0["name"]?.stringValue })
      .map { " Did you mean “\($0)”?" } ?? ""
    throw Complaint.refused(
      status: 404,
      message: named.isEmpty ? "There is no key “\(key)”.\(hint)" : "The key “\(key)” is revoked already.")
  }
}
