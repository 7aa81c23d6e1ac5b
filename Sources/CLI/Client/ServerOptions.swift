import ArgumentParser
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
    return try Server(url: given ?? ServerOptions.defaultURL, key: try key(environment))
  }

  /// What was said on this command line comes first, then the environment, then the place where a server that
  /// was told nothing keeps its key.
  /// - Returns: nil when nobody said anything and there is no such place: then the server may say what it thinks.
  func key(_ environment: [String: String]) throws -> String? {
    if let key, !key.isEmpty { return key }
    if let data {
      guard let key = try DataDirectory.readKey("\(data)/api-key") else {
        throw Complaint.noKey(keyFile: "\(data)/api-key")
      }
      return key
    }
    if let key = environment["ERRAND_API_KEY"], !key.isEmpty { return key }
    return try DataDirectory.readKey("\(Configuration.defaultDataDirectory(environment))/api-key")
  }
}
