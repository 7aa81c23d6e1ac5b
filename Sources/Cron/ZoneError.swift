/// Why there is no zone of that name to be had.
package enum ZoneError: Error, Hashable, Sendable {
  /// Not written like a zone name; nothing was looked up.
  case invalidName(String)
  /// No such zone on this system. `nearest` is the most similar real name.
  case unknown(String, nearest: String?)
  /// The zone's file is there but cannot be read.
  case unreadable(String, path: String, reason: String)
  /// The zone's file breaks the format (RFC 9636).
  case malformed(String, problem: String)
}

extension ZoneError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .invalidName(let name):
      return
        "\"\(name.prefix(80))\" is not written like a time zone: use an IANA name such as Europe/Riga."
    case .unknown(let name, let nearest):
      guard let nearest else {
        return
          "There is no time zone \"\(name)\" on this system: use an IANA name such as Europe/Berlin or UTC."
      }
      return "There is no time zone \"\(name)\" on this system: did you mean \(nearest)?"
    case .unreadable(let name, let path, let reason):
      return
        "The time zone \(name) cannot be read from \(path): \(reason). Install or repair the tzdata package."
    case .malformed(let name, let problem):
      return "The data of time zone \(name) is damaged: \(problem). Install or repair the tzdata package."
    }
  }
}
