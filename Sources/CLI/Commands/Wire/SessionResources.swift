import ArgumentParser
import JSON

/// `errand sessions resources`
struct SessionResourcesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resources", abstract: "What a session sees besides its workspace: files and repositories.",
    discussion: """
      EXAMPLES:
        errand sessions resources list sesn_01kq3v5m9x
        errand sessions resources add sesn_01kq3v5m9x --file body.yaml
      """,
    subcommands: [List.self, Get.self, Add.self, Update.self, Remove.self], defaultSubcommand: List.self)

  /// Which session.
  struct Owner: ParsableArguments {
    @Argument(help: "The session's id, or its end.")
    var session: String
    @OptionGroup var server: ServerOptions

    func path(_ more: String...) async throws -> [String] {
      let session = try await server.server().whole(session, .session)
      return ["v1", "sessions", session, "resources"] + more
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the API's JSON of all of them.")
    @OptionGroup var owner: Owner

    func run() async throws {
      Say.output(try await owner.server.server().get(await owner.path()).shownText)
    }
  }

  struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the API's JSON of one.")
    @OptionGroup var owner: Owner
    @Argument(help: "The resource's id.")
    var id: String

    func run() async throws {
      Say.output(try await owner.server.server().get(await owner.path(id)).shownText)
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Mount a file, by a body in YAML or JSON.")
    @OptionGroup var owner: Owner
    @OptionGroup var body: BodyOptions

    func run() async throws {
      Say.output(try await owner.server.server().post(await owner.path(), try body.read()).shownText)
    }
  }

  struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Give a repository another token, by a body in YAML or JSON: it never stands in the command line.")
    @OptionGroup var owner: Owner
    @Argument(help: "The resource's id.")
    var id: String
    @OptionGroup var body: BodyOptions

    func run() async throws {
      Say.output(try await owner.server.server().post(await owner.path(id), try body.read()).shownText)
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "delete", abstract: "Take a file away from the session.")
    @OptionGroup var owner: Owner
    @Argument(help: "The resource's id.")
    var id: String

    func run() async throws {
      _ = try await owner.server.server().delete(await owner.path(id))
      Say.output("\(id) is deleted.")
    }
  }
}
