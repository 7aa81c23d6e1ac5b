import ArgumentParser

/// `errand agents`
struct AgentsCommand: AsyncParsableCommand {
  typealias Resource = AgentResource
  static let configuration = CommandConfiguration(
    commandName: "agents", abstract: "Agents of the wire API: list, get, create, update, archive, versions.",
    discussion: """
      EXAMPLES:
        errand agents
        echo '{"name": "Helper", "model": "claude-opus-4-8"}' | errand agents create
      """,
    subcommands: [
      ListResources<Resource>.self, GetResource<Resource>.self, CreateResource<Resource>.self,
      UpdateResource<Resource>.self, ArchiveResource<Resource>.self, ListVersions.self,
    ], defaultSubcommand: ListResources<Resource>.self)
}

/// `errand environments`
struct EnvironmentsCommand: AsyncParsableCommand {
  typealias Resource = EnvironmentResource
  static let configuration = CommandConfiguration(
    commandName: "environments",
    abstract: "Environments of the wire API: list, get, create, update, archive, delete.",
    discussion: """
      EXAMPLES:
        errand environments
        echo '{"name": "bench"}' | errand environments create
      """,
    subcommands: [
      ListResources<Resource>.self, GetResource<Resource>.self, CreateResource<Resource>.self,
      UpdateResource<Resource>.self, ArchiveResource<Resource>.self, DeleteResource<Resource>.self,
    ], defaultSubcommand: ListResources<Resource>.self)
}

/// `errand sessions`
struct SessionsCommand: AsyncParsableCommand {
  typealias Resource = SessionResource
  static let configuration = CommandConfiguration(
    commandName: "sessions", abstract: "Sessions of the wire API: chat and all that the API does.",
    discussion: """
      EXAMPLES:
        errand sessions
        errand sessions chat sesn_01kq3v5m9x
      """,
    subcommands: [
      ListResources<Resource>.self, GetResource<Resource>.self, CreateResource<Resource>.self,
      UpdateResource<Resource>.self, ArchiveResource<Resource>.self, DeleteResource<Resource>.self,
      ChatSession.self, InterruptSession.self, SessionResourcesCommand.self,
    ], defaultSubcommand: ListResources<Resource>.self)
}

/// `errand files`
struct FilesCommand: AsyncParsableCommand {
  typealias Resource = FileResource
  static let configuration = CommandConfiguration(
    commandName: "files", abstract: "Files of the wire API: list, get, create, download, delete.",
    discussion: """
      EXAMPLES:
        errand files --session sesn_01kq3v5m9x
        errand files create report.csv
        errand files download file_01kq3v5m9x --to report.csv
      """,
    subcommands: [
      ListFiles.self, GetResource<Resource>.self, CreateFile.self, DownloadFile.self,
      DeleteResource<Resource>.self,
    ], defaultSubcommand: ListFiles.self)
}
