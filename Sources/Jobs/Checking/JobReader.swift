import JSON
import Primitives
import Reading
import Sessions
import Store

/// Checks one job of a bundle.
struct JobReader {
  let entry: Bundle.Entry
  /// `jobs[0]`
  let path: FieldPath
  let names: Names
  let settings: SettingsReader
  let kinds: Kinds?
  /// What the webhooks of the bundle's sources can be, where that is known.
  let eventTypes: [String: [String]]
  let findings: Findings

  static let keys = JobShapes.job(callbacks: []).keys

  /// Where what stands at the top of a job's file most likely belongs.
  private static let elsewhere: [String: String] = {
    let times = "Times stand in a trigger, triggers: [\(JobShapes.schedule.example ?? "")]."
    let input = "It stands in the input, input: \(JobShapes.input.example ?? "")."
    var elsewhere = [
      "cron": times, "trigger": times, "tz": times,
      "webhook": "It stands in a trigger, triggers: [{webhook: github}].",
      "message": input, "prompt": input,
      "files": "It stands in the input, input: {message: prompt.md, files: […]}.",
      "repositories": "It stands in the input, input: {message: prompt.md, repositories: […]}.",
    ]
    for key in JobShapes.schedule.keys where key != "name" { elsewhere[key] = times }
    for key in JobShapes.outcome.keys where !JobReader.keys.contains(key) {
      elsewhere[key] = "It stands in the outcome."
    }
    for key in JobShapes.limits.keys { elsewhere[key] = "It stands in the limits, limits: {\(key): …}." }
    return elsewhere
  }()

  /// Nil when anything that the job cannot be without is wrong.
  func read() -> JobDraft? {
    let place = path.key("definition")
    guard
      let job = Fields(
        entry.definition, at: place, "a job", keys: JobReader.keys, findings, elsewhere: JobReader.elsewhere)
    else { return nil }
    let name = jobName(job)
    let description = job.text("description", length: 1...2048)
    let agent = reference(job, "agent", names.agents, id: "agent_")
    let environment = reference(job, "environment", names.environments, id: "env_")
    let triggers = triggers(job, of: name)
    let overlap = job.choice("overlap", of: Overlap.allCases.map(\.rawValue)).flatMap(Overlap.init)
    let expires = job.duration("expires")
    let input = input(job)
    let outcome = outcome(job)
    let limits = limits(job)
    let callbacks = callbacks(job)
    let rehearsal = entry.rehearsal.flatMap { Rehearsal.check($0, at: path.key("rehearsal"), findings) }
    guard let name, let agent, let environment, let input else { return nil }
    return JobDraft(
      place: path, name: name, description: description, agent: agent, environment: environment,
      triggers: triggers,
      overlap: overlap, expires: expires, message: input.message, files: input.files,
      repositories: input.repositories, outcome: outcome, limits: limits, callbacks: callbacks,
      rehearsal: rehearsal)
  }

  /// How the ids of everything else begin that can be asked about by its id or, as jobs can, by its name.
  static let idWords = [
    "run", "drun", "dlv", "rcpt", "sesn", "file", "agent", "env", "depl", "sevt", "sthr", "sesrsc", "apikey",
  ]

  private func jobName(_ job: Fields) -> String? {
    guard let name = job.name("name") else { return nil }
    if let word = ID.kind(of: name), JobReader.idWords.contains(word) {
      let better = name.replacing("_", with: "-")
      job.add(
        "name",
        "Ids begin with \(quoted("\(word)_")) and a digit, so nobody could ask for a job of this name. "
          + "Take another, such as \(quoted(better)).")
      return nil
    }
    return name
  }

  /// A name that the bundle or the server knows. Ids of the server's own things are looked up when the bundle
  /// is applied.
  private func reference(_ job: Fields, _ key: String, _ known: [String], id prefix: String) -> String? {
    guard let name = job.text(key, required: true, length: 1...256) else { return nil }
    if let why = names.broken["\(key)s/\(name)"] {
      job.add(key, "The \(key) \(quoted(name)) cannot be used: \(why). Mend that first.")
      return nil
    }
    if name.hasPrefix(prefix) || known.contains(name) { return name }
    if let problem = renamed(key, name) {
      job.add(key, problem)
      return nil
    }
    let all =
      known.isEmpty ? "There is none at all." : "There is: \(Set(known).sorted().joined(separator: ", "))."
    job.add(
      key,
      "There is no \(key) named \(quoted(name)).\(Nearest.hint(name, among: known)) \(all) "
        + "Define it in \(key)s/\(name).yaml beside the job's folder.")
    return nil
  }

  /// What is wrong when there is a file of this name, and what it holds calls itself otherwise.
  private func renamed(_ kind: String, _ name: String) -> String? {
    names.renamed["\(kind)s/\(name)"].map { file, own in
      "\(file) has the name \(quoted(own)) in it. Refer to it by that, or take that name out of the file."
    }
  }

  // MARK: Triggers

  /// - Parameter name: the job's; nil when that is wrong.
  private func triggers(_ job: Fields, of name: String?) -> [Trigger] {
    if job["triggers"]?.objectValue != nil {
      job.add(
        "triggers",
        "Expected a list of triggers, found an object. Write each between brackets, or below the line after a dash: "
          + "triggers: [\(JobShapes.schedule.example ?? "")].")
      return []
    }
    var places: [String: FieldPath] = [:]
    return job.list("triggers", limit: 50).compactMap { value, path in
      guard let trigger = trigger(value, path, of: name ?? "job") else { return nil }
      if let first = places[trigger.id] {
        findings.add(
          path,
          "The trigger \(quoted(trigger.id)) is there already, at \(first.below(job.path) ?? first). "
            + "Give one of them another \"name\".")
        return nil
      }
      places[trigger.id] = path
      return trigger
    }
  }

  private func trigger(_ value: JSON, _ path: FieldPath, of job: String) -> Trigger? {
    guard value.objectValue != nil else {
      findings.add(
        path,
        "Expected a trigger: \(JobShapes.schedule.example ?? ""), {every: 15m}, {at: \"2026-12-31T23:00\"} or "
          + "\(JobShapes.webhook.example ?? ""). Found \(value.shown).")
      return nil
    }
    guard let kind = Fields(value, at: path, "a trigger", keys: nil, findings) else { return nil }
    let isTimed = JobReader.timeKeys.contains { kind.object[$0] != nil }
    switch (isTimed, kind.object["webhook"] != nil) {
    case (true, true):
      findings.add(path, "A trigger has either times or \"webhook\". Make two triggers of this one.")
      return nil
    case (false, false):
      let before = findings.problems.count
      let keys = JobReader.scheduleKeys + JobReader.webhookKeys.filter { $0 != "name" }
      _ = Fields(value, at: path, "a trigger", keys: keys, findings)
      // Whoever misspelt it needs no second sentence.
      if findings.problems.count == before {
        findings.add(path, "A trigger needs \"schedule\", \"every\", \"at\" or \"webhook\".")
      }
      return nil
    case (true, false):
      return schedule(value, path, of: job)
    case (false, true):
      return webhook(value, path)
    }
  }

  func reference(_ given: Fields, _ key: String, _ known: [String]) -> String? {
    guard let name = given.text(key, required: true, length: 1...64) else { return nil }
    if let why = names.broken["sources/\(name)"] {
      given.add(key, "The source \(quoted(name)) cannot be used: \(why). Mend that first.")
      return nil
    }
    if known.contains(name) { return name }
    if let problem = renamed("source", name) {
      given.add(key, problem)
      return nil
    }
    let all =
      known.isEmpty ? "There is none at all." : "There is: \(Set(known).sorted().joined(separator: ", "))."
    given.add(
      key,
      "There is no source named \(quoted(name)).\(Nearest.hint(name, among: known)) \(all) "
        + "Define it in sources/\(name).yaml beside the job's folder.")
    return nil
  }

  func triggerName(_ given: Fields) -> String? {
    given["name"] == nil ? nil : given.name("name")
  }

  // MARK: Limits

  private func limits(_ job: Fields) -> Limits {
    var limits = Limits()
    guard let given = job.fields("limits", "the limits", JobShapes.limits) else { return limits }
    let (timeout, deadline) = (given.duration("timeout"), given.duration("deadline"))
    if let timeout, let deadline, deadline < timeout {
      given.add(
        "deadline",
        "The deadline (\(DurationText.text(deadline))) counts waiting too, so it cannot be shorter than the "
          + "timeout (\(DurationText.text(timeout))).")
    }
    // What is not given makes room for what is.
    limits.timeout = timeout ?? min(limits.timeout, deadline ?? limits.timeout)
    limits.deadline = deadline ?? max(limits.deadline, limits.timeout)
    limits.attempts = given.whole("attempts", in: Limits.attemptRange) ?? limits.attempts
    limits.concurrency = given.whole("concurrency", in: Limits.concurrencyRange) ?? limits.concurrency
    return limits
  }

  // MARK: Callbacks

  private func callbacks(_ job: Fields) -> [Callback] {
    job.list("callbacks", limit: 20).compactMap { value, path in
      guard let kinds else { return nil }
      let names = kinds.callbacks.map(\.name)
      guard value.objectValue != nil else {
        let name = value.stringValue.flatMap { Nearest.to($0, among: names) } ?? names.first ?? "webhook"
        let fields = kinds.callbacks.first { $0.name == name }?.fields.filter(\.isRequired).map(\.name) ?? []
        findings.add(
          path,
          "Expected an object with the kind of callback as its one key, such as "
            + "{\(name): {\(fields.map { "\($0): …" }.joined(separator: ", "))}}, found \(value.shown). "
            + "The kinds are: \(names.joined(separator: ", ")).")
        return nil
      }
      guard let kind = Fields(value, at: path, "a callback", keys: names, findings) else { return nil }
      guard kind.object.count == 1, let name = kind.object.keys.first else {
        findings.add(path, "A callback names its one kind: \(names.alternatives). Make a list entry of each.")
        return nil
      }
      guard let shape = kinds.callbacks.first(where: { $0.name == name }),
        let given = kind.fields(name, "a \(name) callback", keys: nil, required: true)
      else { return nil }
      let states = states(given)
      guard let read = settings.read(given, shape, "a \(name) callback", besides: ["states"]) else {
        return nil
      }
      return Callback(kind: name, settings: read, states: states)
    }
  }

  private func states(_ given: Fields) -> [String]? {
    guard given["states"] != nil else { return nil }
    let states = given.texts("states", limit: Callback.endStates.count)
    for (state, path) in states where !Callback.endStates.contains(state) {
      findings.add(
        path,
        "Runs do not end \(quoted(state)).\(Nearest.hint(state, among: Callback.endStates)) "
          + "They end: \(Callback.endStates.joined(separator: ", ")).")
    }
    if states.isEmpty, given["states"]?.arrayValue?.isEmpty == true {
      given.add(
        "states", "With no state, nothing would ever be delivered. Leave \"states\" out for all of them.")
    }
    return states.map(\.text)
  }
}
