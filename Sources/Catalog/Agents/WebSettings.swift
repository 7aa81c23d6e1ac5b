import JSON

/// What an agent's author sets for `web_fetch` and `web_search`.
enum WebSettings {
  /// The most domains of a list.
  static let domainLimit = 64

  static func check(_ config: Fields) {
    if config["allowed_domains"] != nil, config["blocked_domains"] != nil {
      config.add("blocked_domains", "Give either \"allowed_domains\" or \"blocked_domains\", not both.")
    }
    for key in ["allowed_domains", "blocked_domains"] where config[key] != nil {
      let domains = config.texts(key, limit: domainLimit, length: 1...253)
      if config[key]?.arrayValue?.isEmpty == true { config.add(key, "Expected at least one domain.") }
      for (domain, path) in domains where !isPublicDomain(domain) {
        config.findings.add(
          path,
          "Expected a public domain such as example.com, without scheme, port or path, found \(quoted(domain))."
        )
      }
    }
    _ = config.whole("max_content_tokens", in: 1...10_000_000)
    _ = config.fields(
      "url_sources", "the sources of addresses",
      keys: ["client_tool_results", "server_tool_results", "user_input"])
    let keys = ["type", "city", "region", "country", "timezone"]
    if let location = config.fields("user_location", "a location", keys: keys) {
      _ = location.choice("type", of: ["approximate"], required: true)
      for key in keys.dropFirst() { _ = location.text(key, length: 1...255) }
    }
  }

  /// At least two labels of letters, digits and hyphens, the last one not a number: no address, no `localhost`.
  private static func isPublicDomain(_ text: String) -> Bool {
    let labels = text.lowercased().split(separator: ".", omittingEmptySubsequences: false)
    guard labels.count >= 2, let last = labels.last, !last.allSatisfy(\.isNumber), last != "localhost" else {
      return false
    }
    return labels.allSatisfy { label in
      (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
        && label.unicodeScalars.allSatisfy {
          $0.properties.isAlphabetic || $0.value == 0x2D || ("0"..."9").contains($0)
        }
    }
  }
}
