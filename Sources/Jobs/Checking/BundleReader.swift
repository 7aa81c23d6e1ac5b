import Catalog
import JSON
import Primitives
import Reading

/// A bundle in which everything was found right.
struct CheckedBundle: Sendable {
  var agents: [AgentDefinition] = []
  var environments: [EnvironmentDefinition] = []
  var sources: [Source] = []
  var jobs: [JobDraft] = []
  /// What is most likely a mistake, but need not be one.
  var warnings: [Problem] = []
  /// What is right, and will come to nothing where it is to run.
  var precautions: [Problem] = []
}

/// A job as its files describe it: references are names yet, and contents lie in memory.
struct JobDraft: Sendable {
  /// Where it stands in the bundle.
  var place: FieldPath
  var name: String
  var description: String?
  var agent: String
  var environment: String
  var triggers: [Trigger]
  var overlap: Overlap?
  var expires: Duration?
  var message: String
  var files: [(path: String, bytes: [UInt8])]
  var repositories: [JobRepository]
  var outcome: JobOutcome?
  var limits: Limits
  var callbacks: [Callback]
  var rehearsal: JSON?
}

/// Names that a bundle may refer to without bringing them.
struct Names: Sendable {
  var agents: [String] = []
  var environments: [String] = []
  var sources: [String] = []
  /// Those among them that cannot be used: their files have problems, or there are several, and nothing earlier is
  /// there. By what they would be referred to, `agents/helper`; why, as a clause.
  var broken: [String: String] = [:]
  /// Files whose content has another name than they, by what they would be referred to: `agents/helper`.
  var renamed: [String: (file: String, name: String)] = [:]
}

/// Checks a bundle, the same way whether its JSON came from YAML files or from a stranger.
struct BundleReader {
  /// Nil leaves the settings of sources and callbacks to somebody who knows the kinds.
  let kinds: Kinds?
  /// What exists already.
  let known: Names
  /// Where references are looked up; nil when only their form is checked.
  let secrets: Secrets?
  let findings = Findings()

  init(kinds: Kinds?, known: Names = Names(), secrets: Secrets? = nil) {
    self.kinds = kinds
    self.known = known
    self.secrets = secrets
  }

  /// What could be read; it is complete only when there are no `findings`.
  func read(_ bundle: Bundle) -> CheckedBundle {
    var checked = CheckedBundle()
    for (index, body) in bundle.agents.enumerated() {
      let path = FieldPath.root.key("agents").index(index)
      if let agent = AgentDefinition(body, at: path, findings) { checked.agents.append(agent) }
    }
    for (index, body) in bundle.environments.enumerated() {
      let path = FieldPath.root.key("environments").index(index)
      if let environment = EnvironmentDefinition(body, at: path, findings) {
        checked.environments.append(environment)
      }
    }
    for (index, body) in bundle.sources.enumerated() {
      if let source = source(body, .root.key("sources").index(index)) { checked.sources.append(source) }
    }
    twice(bundle.agents, "agents", "agent", bundle.places)
    twice(bundle.environments, "environments", "environment", bundle.places)
    twice(bundle.sources, "sources", "source", bundle.places)
    twice(bundle.jobs.map(\.definition), "jobs", "job", bundle.places, below: "definition")
    let names = known(bundle)
    let eventTypes = eventTypes(bundle)
    for (index, entry) in bundle.jobs.enumerated() {
      let reader = JobReader(
        entry: entry, path: .root.key("jobs").index(index), names: names, settings: settings, kinds: kinds,
        eventTypes: eventTypes, findings: findings)
      if let draft = reader.read() { checked.jobs.append(draft) }
    }
    let size = bundle.jobs.reduce(0) { $0 + $1.files.values.reduce(0) { $0 + $1.count } }
    if size > Bundle.contentLimit {
      findings.add(
        .root.key("jobs"),
        "The jobs' files have \(size) bytes together; at most \(Bundle.contentLimit) can be applied at once.")
    }
    checked.warnings = findings.warnings
    return checked
  }

  /// What the sources' webhooks can be, by the sources' names, where the kind knows it.
  private func eventTypes(_ bundle: Bundle) -> [String: [String]] {
    var types: [String: [String]] = [:]
    for source in bundle.sources {
      guard let name = source["name"]?.stringValue,
        let shape = kinds?.sources.first(where: { $0.name == source["kind"]?.stringValue })
      else { continue }
      types[name] = shape.eventTypes
    }
    return types
  }

  private var settings: SettingsReader { SettingsReader(findings: findings, secrets: secrets) }

  /// Everything that jobs may refer to. A definition that is wrong itself counts, or its jobs would be
  /// blamed too.
  private func known(_ bundle: Bundle) -> Names {
    func names(_ bodies: [JSON]) -> [String] { bodies.compactMap { $0["name"]?.stringValue } }
    return Names(
      agents: known.agents + names(bundle.agents),
      environments: known.environments + names(bundle.environments),
      sources: known.sources + names(bundle.sources), broken: known.broken, renamed: known.renamed)
  }

  private func source(_ body: JSON, _ path: FieldPath) -> Source? {
    guard let given = Fields(body, at: path, "a source", keys: nil, findings) else { return nil }
    let name = given.name("name")
    guard let kinds else {
      return given.text("kind", required: true).flatMap { kind in
        name.map { Source(name: $0, kind: kind, settings: .object(given.object)) }
      }
    }
    let names = kinds.sources.map(\.name)
    guard let kind = given.choice("kind", of: names, required: true),
      let shape = kinds.sources.first(where: { $0.name == kind }),
      let settings = settings.read(
        given, shape, "a source of kind \(quoted(kind))", besides: ["name", "kind"]),
      let name
    else { return nil }
    return Source(name: name, kind: kind, settings: settings)
  }

  private func twice(
    _ bodies: [JSON], _ list: String, _ thing: String, _ places: Places, below: String? = nil
  ) {
    var seen: [String: FieldPath] = [:]
    for (index, body) in bodies.enumerated() {
      guard let name = body["name"]?.stringValue else { continue }
      var path = FieldPath.root.key(list).index(index)
      if let below { path = path.key(below) }
      guard let first = seen[name] else {
        seen[name] = path
        continue
      }
      let other = places.files.first { $0.prefix == first }.map { ", also in \($0.name)" } ?? ""
      findings.add(path.key("name"), "There are two \(thing)s named \(quoted(name))\(other). Rename one.")
    }
  }
}

extension Fields {
  /// A name that can stand in an address: lower-case letters, digits, `-` and `_`.
  func name(_ key: String) -> String? {
    guard let name = text(key, required: true, length: 1...64) else { return nil }
    let fits = name.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
        || byte == UInt8(ascii: "_")
    }
    guard fits, name.first != "-", name.first != "_" else {
      add(
        key,
        "Expected lower-case letters, digits, \"-\" and \"_\", beginning with a letter or digit, "
          + "found \(quoted(name))."
      )
      return nil
    }
    return name
  }
}
