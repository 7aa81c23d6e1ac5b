package import JSON
package import Reading

/// What the author of an environment decides: the body of `POST /v1/environments`, checked, with every
/// default written out, in the form in which the wire shows it.
package struct EnvironmentDefinition: Sendable, Equatable {
  /// Every field except id, type and times, in the wire's order.
  package let fields: JSON.Object

  package var name: String { fields["name"]?.stringValue ?? "" }
  package var config: JSON { fields["config"] ?? [:] }

  package static let keys = EnvironmentShapes.environment.keys
  /// In the order in which packages are installed.
  package static let packageManagers = ["apt", "cargo", "gem", "go", "npm", "pip"]

  init(stored: JSON) {
    fields = stored.objectValue ?? [:]
  }

  /// Reads a body and notes everything that is wrong with it; nil when anything is.
  package init?(_ body: JSON, at path: FieldPath = .root, _ findings: Findings) {
    let before = findings.problems.count
    guard let given = Fields(body, at: path, "an environment", keys: nil, findings) else { return nil }
    EnvironmentDefinition.refuseUnknown(given)
    var fields: JSON.Object = [:]
    fields["name"] = .string(orNull: given.text("name", required: true, length: 1...256))
    fields["description"] = .string(orNull: given.text("description", length: 0...2048))
    fields["config"] = EnvironmentDefinition.config(given)
    fields["metadata"] = .object(Metadata.read(given))
    fields["scope"] = .string(given.choice("scope", of: ["organization"]) ?? "organization")
    guard findings.problems.count == before else { return nil }
    self.fields = fields
  }

  /// The body that an update amounts to: what it leaves out stays, inside a cloud config too.
  func merged(with patch: JSON.Object) -> JSON {
    var body = fields
    for (key, value) in patch {
      switch key {
      case "metadata":
        body[key] = Metadata.merged(body[key]?.objectValue ?? [:], with: value, emptyRemoves: true)
      case "config":
        guard !value.isNull else { continue }
        guard let given = value.objectValue else {
          body[key] = value
          continue
        }
        body[key] = mergedConfig(with: given)
      // Neither can be cleared, so null keeps them.
      case "name", "scope": if !value.isNull { body[key] = value }
      default: body[key] = value
      }
    }
    return .object(body)
  }

  /// What is left out, or null, stays; of limited networking also each of its settings.
  private func mergedConfig(with given: JSON.Object) -> JSON {
    var merged = config.objectValue ?? [:]
    for (key, value) in given where !value.isNull {
      if key == "networking", value["type"] == "limited", let old = merged[key]?.objectValue,
        old["type"] == "limited", let new = value.objectValue
      {
        var limited = old
        for (setting, value) in new where !value.isNull { limited[setting] = value }
        merged[key] = .object(limited)
      } else {
        merged[key] = value
      }
    }
    return .object(merged)
  }

  /// What belongs into the configuration is told where it belongs.
  private static func refuseUnknown(_ given: Fields) {
    for key in given.object.keys where !keys.contains(key) {
      var hint = Nearest.hint(key, among: keys)
      switch key {
      case "networking": hint = " It belongs into \"config\": {type: cloud, networking: {type: none}}."
      case "packages": hint = " It belongs into \"config\": {type: cloud, packages: {pip: [numpy]}}."
      default: break
      }
      given.findings.add(
        Problem(
          given.path.key(key),
          "\(quoted(key)) is no field of an environment.\(hint) It has: \(keys.joined(separator: ", ")).",
          aim: .key))
    }
  }

  /// The type of a configuration, if it is one; `anthropic_cloud` is an older name of `cloud` that programs still send.
  static func type(of given: JSON?) -> String? {
    switch given?.stringValue {
    case "cloud", "anthropic_cloud": "cloud"
    case "self_hosted": "self_hosted"
    default: nil
    }
  }

  private static func config(_ given: Fields) -> JSON? {
    guard var config = given["config"] else { return cloud(["type": "unrestricted"], packages: [:]) }
    if let type = type(of: config["type"]) { config["type"] = .string(type) }
    switch Fields.union(config, at: given.path.key("config"), EnvironmentShapes.config, given.findings) {
    case ("cloud", let config)?:
      guard let networking = networking(config) else {
        _ = packages(config, [:])
        return nil
      }
      return cloud(networking, packages: packages(config, networking))
    case ("self_hosted", _)?: return ["type": "self_hosted"]
    default: return nil
    }
  }

  private static func cloud(_ networking: JSON, packages: [String: [String]]) -> JSON {
    let lists = packageManagers.map { ($0, JSON.array((packages[$0] ?? []).map { .string($0) })) }
    var object = JSON.Object(uniqueKeysWithValues: [("type", "packages")])
    object.merge(JSON.Object(uniqueKeysWithValues: lists))
    return ["type": "cloud", "networking": networking, "packages": .object(object)]
  }

  private static func networking(_ config: Fields) -> JSON? {
    guard config["networking"] != nil else { return ["type": "unrestricted"] }
    switch config.union("networking", EnvironmentShapes.networking) {
    case ("unrestricted", _)?: return ["type": "unrestricted"]
    case ("none", _)?: return ["type": "none"]
    case ("limited", let limited)?:
      let hosts = limited.texts("allowed_hosts", limit: 256, length: 1...255)
      for (host, path) in hosts where !isHost(host) {
        config.findings.add(
          path,
          "Expected a host such as api.example.com or *.example.com, without scheme, port or path, "
            + "found \(quoted(host)).")
      }
      return [
        "type": "limited", "allowed_hosts": .array(hosts.map { .string($0.text) }),
        "allow_mcp_servers": .bool(limited.flag("allow_mcp_servers") ?? false),
        "allow_package_managers": .bool(limited.flag("allow_package_managers") ?? false),
      ]
    default: return nil
    }
  }

  private static func packages(_ config: Fields, _ networking: JSON) -> [String: [String]] {
    guard let given = config.fields("packages", "the packages", EnvironmentShapes.packages) else {
      return [:]
    }
    _ = given.choice("type", of: ["packages"])
    var packages: [String: [String]] = [:]
    for manager in packageManagers {
      let names = given.texts(manager, limit: 100, length: 1...256)
      for (name, path) in names where !isPackage(name) {
        config.findings.add(
          path,
          "Expected a package name without spaces that does not begin with \"-\", found \(quoted(name)).")
      }
      packages[manager] = names.map(\.text)
    }
    guard packages.values.contains(where: { !$0.isEmpty }) else { return packages }
    if networking["allow_package_managers"] == false {
      config.add(
        "packages",
        "Packages cannot be installed: limited networking needs \"allow_package_managers\": true for that.")
    }
    if networking["type"] == "none" {
      config.add(
        "packages", "Packages cannot be installed without networking. Allow some, or leave them out.")
    }
    return packages
  }

  /// A name of letters, digits, dots and hyphens, perhaps with `*.` in front.
  private static func isHost(_ text: String) -> Bool {
    let name = text.hasPrefix("*.") ? text.dropFirst(2) : text[...]
    return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      !label.isEmpty && label.utf8.count <= 63 && label.first != "-" && label.last != "-"
        && label.utf8.allSatisfy { byte in
          (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || byte == UInt8(ascii: "-")
        }
    }
  }

  /// Not an option of the package manager, nor several words.
  private static func isPackage(_ text: String) -> Bool {
    text.first != "-" && text.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && $0.value >= 0x20 }
  }
}
