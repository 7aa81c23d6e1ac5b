import Service

/// The key that a command shows to the server, by where it was found.
enum ShownKey: Sendable, Equatable {
  /// Said on the command line.
  case option(String)
  /// Of `$ERRAND_API_KEY`.
  case environment(String)
  /// In the file of a data directory: read each time it is needed, because the first start of a server writes it
  /// just before it answers. `isNamed`: the command line named the directory,
  /// or ERRAND_DATA did.
  case file(String, isNamed: Bool)

  /// Nil when there is no such file.
  /// - Throws: `ServiceError.keyFile`.
  func text() throws(ServiceError) -> String? {
    switch self {
    case .option(let text), .environment(let text): text
    case .file(let path, _): try DataDirectory.readKey(path)
    }
  }

  /// Where a key that may not do something came from, and how to show another.
  var hint: String {
    switch self {
    case .option:
      "the key is the one given with --key; name the server's data directory with --data to use its own"
    case .environment:
      "the key is that of ERRAND_API_KEY; unset it to use the data directory's, or give another with --key"
    case .file(let path, _): "the key is that in \(path); give another with --key"
    }
  }
}
