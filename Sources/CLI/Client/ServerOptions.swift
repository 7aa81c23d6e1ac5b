import ArgumentParser
import Jobs
import Service

/// Which server a command talks to, and with which key.
struct ServerOptions: ParsableArguments {
  static let defaultURL = "http://127.0.0.1:8700"

  @Option(
    help: ArgumentHelp("The server's address. (default: $ERRAND_URL, else \(ServerOptions.defaultURL))"))
  var url: String?

  @Option(
    help: ArgumentHelp(
      "The API key. Others on this machine see it in the list of processes: prefer $ERRAND_API_KEY or --data."
    ))
  var key: String?

  @Option(
    help: ArgumentHelp(
      "The server's data directory, if it is on this machine: the key is read from it.", valueName: "dir"))
  var data: String?

  /// - Throws: `Complaint`.
  func server(_ environment: [String: String] = ProcessEnvironment.all) throws -> Server {
    let given = [url, environment["ERRAND_URL"]].compactMap(\.self).first { !$0.isEmpty }
    let key = shownKey(environment)
    if case .file(let path, _) = key, let warning = OpenSecret.warning(about: path) {
      Say.notice(Terminal.errors.paint("warning: ", .waiting) + warning)
    }
    return try Server(url: given ?? ServerOptions.defaultURL, key: key)
  }

  /// What was said on this command line comes first, then the environment, then the place where a server that
  /// was told nothing keeps its key.
  func shownKey(_ environment: [String: String]) -> ShownKey {
    if let key, !key.isEmpty { return .option(key) }
    if let data { return .file("\(data)/api-key", isNamed: true) }
    if let key = environment["ERRAND_API_KEY"], !key.isEmpty { return .environment(key) }
    return .file(
      "\(Configuration.defaultDataDirectory(environment))/api-key", isNamed: environment["ERRAND_DATA"] != nil
    )
  }
}
