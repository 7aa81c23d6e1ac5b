import JSON
import Reading

// A webhook trigger: its source, what it must match, who may set it off, and what it is about.
extension JobReader {
  static let webhookKeys = JobShapes.webhook.keys
  /// How long firings may gather.
  static let windowRange = Duration.seconds(1)...Duration.seconds(3600)

  func webhook(_ value: JSON, _ path: FieldPath) -> Trigger? {
    let keys = JobReader.webhookKeys
    guard let given = Fields(value, at: path, "a webhook trigger", keys: keys, findings) else { return nil }
    let name = triggerName(given)
    let match = match(given)
    let lanes = lanes(given)
    let key = key(given)
    let policy = given.choice("repeat", of: RepeatPolicy.allCases.map(\.rawValue)).flatMap(RepeatPolicy.init)
    if given["repeat"] != nil, given["key"] == nil {
      given.add(
        "repeat",
        "\"repeat\" says what happens while a run with the same key has not ended, so it needs \"key\". Add "
          + "one, such as key: \"{{trigger.body.id}}\".")
    }
    let window = given.duration("window", in: JobReader.windowRange)
    if given["window"] != nil, policy != .coalesce {
      given.add("window", "Only firings that coalesce gather. Add repeat: coalesce, or leave \"window\" out.")
    }
    guard let source = reference(given, "webhook", names.sources) else { return nil }
    if let match, let types = eventTypes[source], !types.isEmpty {
      for problem in kinds?.unknownTypes(match, types) ?? [] {
        findings.warn(
          Problem(given.path.key("match").appending(problem.path), problem.message, aim: problem.aim))
      }
    }
    var trigger = Trigger(.webhook(source: source), name: name)
    trigger.match = match
    trigger.lanes = lanes
    trigger.key = key
    trigger.repeatPolicy = policy ?? .reject
    trigger.window = window
    return trigger
  }

  /// Only whoever brings the matching knows what a pattern looks like.
  private func match(_ given: Fields) -> JSON? {
    guard let pattern = given["match"] else { return nil }
    for problem in kinds?.patternProblems(pattern) ?? [] {
      findings.add(
        Problem(given.path.key("match").appending(problem.path), problem.message, aim: problem.aim))
    }
    return pattern
  }

  private func lanes(_ given: Fields) -> [Lane] {
    guard given["lanes"] != nil else { return Lane.standard }
    let words = Lane.allCases.map(\.rawValue)
    let named = given.texts("lanes", limit: words.count)
    for (word, path) in named where Lane(rawValue: word) == nil {
      findings.add(
        path,
        "There is no lane \(quoted(word)).\(Nearest.hint(word, among: words)) "
          + "The lanes are: \(words.joined(separator: ", ")).")
    }
    if given["lanes"]?.arrayValue?.isEmpty == true {
      given.add("lanes", "With no lane, nobody could start a run. Leave \"lanes\" out for owner and member.")
    }
    let lanes = Set(named.compactMap { Lane(rawValue: $0.text) })
    return Lane.allCases.filter(lanes.contains)
  }

  private func key(_ given: Fields) -> String? {
    guard let key = given.text("key", length: 1...1000) else { return nil }
    do {
      _ = try Template(key)
    } catch {
      given.add("key", error.message)
    }
    return key
  }
}
