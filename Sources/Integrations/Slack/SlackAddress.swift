/// A `response_url` that may be posted to. It came from outside, so what is not plainly one is refused.
struct SlackAddress: Sendable, Equatable {
  static let host = "hooks.slack.com"
  private static let longest = 2048

  let url: String

  /// - Parameter allowed: hosts, with a port if they have one, that may stand in for Slack.
  /// - Throws: `SlackAddressError`, which tells of the host at most.
  init(_ text: String, allowed: [String] = []) throws(SlackAddressError) {
    guard text.utf8.count <= SlackAddress.longest, let slashes = text.firstRange(of: "://"),
      text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
    else { throw .malformed }
    let scheme = text[..<slashes.lowerBound].lowercased()
    let rest = text[slashes.upperBound...]
    let host = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }.lowercased()
    // Names, numbers and a port; nothing that programs read in different ways, such as a user.
    let isPlain = host.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || ".-:[]".utf8.contains(byte)
    }
    guard !host.isEmpty, isPlain else { throw .malformed }
    let isListed = allowed.contains { $0.lowercased() == host }
    guard host == SlackAddress.host || isListed else { throw .closedHost(host) }
    guard scheme == "https" || (scheme == "http" && isListed) else { throw .insecure(host) }
    url = text
  }
}

/// Why nothing is posted to a `response_url`. The address itself is a credential and not told.
enum SlackAddressError: Error, Equatable, CustomStringConvertible {
  case malformed
  case closedHost(String)
  case insecure(String)

  /// What should have stood there.
  var expectation: String {
    switch self {
    case .malformed: "Expected an address of Slack's, such as https://hooks.slack.com/commands/…."
    case .closedHost:
      "Expected an address at hooks.slack.com, or at a host that is listed under \"allowed_hosts\"."
    case .insecure: "Expected an address that begins with https://."
    }
  }

  var description: String {
    switch self {
    case .malformed: "The response_url is no address of Slack's, so nothing was posted."
    case .closedHost(let host):
      "The response_url is at \(host.prefix(100)), not at \(SlackAddress.host), so nothing was posted. If that host "
        + "stands in for Slack, list it under the callback's “allowed_hosts”."
    case .insecure(let host):
      "The response_url at \(host.prefix(100)) does not begin with https://, so nothing was posted."
    }
  }
}
