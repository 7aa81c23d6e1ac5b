import ArgumentParser

/// `errand agents`
struct AgentsCommand: AsyncParsableCommand {
  typealias Resource = AgentResource
  static let configuration = CommandConfiguration(
    commandName: "agents", abstract: "Agents of the wire API: list, get, create, update, archive.",
    discussion: """
      EXAMPLES:
        errand agents
        echo '{"name": "Helper", "model": "claude-opus-4-8"}' | errand agents create
      """,
    subcommands: [
      ListResources<Resource>.self, GetResource<Resource>.self, CreateResource<Resource>.self,
      UpdateResource<Resource>.self, ArchiveResource<Resource>.self,
    ], defaultSubcommand: ListResources<Resource>.self)
}

/// `errand environments`
struct EnvironmentsCommand: AsyncParsableCommand {
  typealias Resource = EnvironmentResource
  static let configuration = CommandConfiguration(
    commandName: "environments",
    abstract: "Environments of the wire API: list, get, create, update, archive.",
    discussion: """
      EXAMPLES:
        errand environments
        echo '{"name": "bench"}' | errand environments create
      """,
    subcommands: [
      ListResources<Resource>.self, GetResource<Resource>.self, CreateResource<Resource>.self,
      UpdateResource<Resource>.self, ArchiveResource<Resource>.self,
    ], defaultSubcommand: ListResources<Resource>.self)
}

/// `errand sessions`
struct SessionsCommand: AsyncParsableCommand {
  typealias Resource = SessionResource
  static let configuration = CommandConfiguration(
    commandName: "sessions", abstract: "Sessions of the wire API: list, get, create, update, archive, chat.",
    discussion: """
      EXAMPLES:
        errand sessions
        errand sessions chat sesn_01kq3v5m9x
      """,
    subcommands: [
      ListResources<Resource>.self, GetResource<Resource>.self, CreateResource<Resource>.self,
      UpdateResource<Resource>.self, ArchiveResource<Resource>.self, ChatSession.self,
    ], defaultSubcommand: ListResources<Resource>.self)
}
