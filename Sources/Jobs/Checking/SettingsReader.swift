import JSON
import Primitives
import Reading

/// Checks the settings of a source or callback against the shape that its kind registered.
struct SettingsReader {
  let findings: Findings
  /// Where references are looked up; nil when only their form is checked.
  let secrets: Secrets?

  /// The settings without the members that belong to somebody else; nil when something is wrong.
  /// - Parameter besides: members that are no settings.
  func read(_ given: Fields, _ shape: KindShape, _ thing: String, besides: [String]) -> JSON? {
    let before = findings.problems.count
    let keys = besides + shape.fields.map(\.name)
    guard let fields = Fields(.object(given.object), at: given.path, thing, keys: keys, findings) else {
      return nil
    }
    var settings = JSON.Object()
    for field in shape.fields {
      read(field, fields)
      if let value = fields[field.name] ?? shape.defaults[field.name] {
        settings[field.name] = value
        check(value, fields.path.key(field.name), isTemplate: shape.templates.contains(field.name))
      }
    }
    guard findings.problems.count == before else { return nil }
    let written = JSON.object(settings)
    for problem in problems(of: written, shape) { note(problem, given.path, written) }
    for warning in shape.warn(written) {
      findings.warn(Problem(given.path.appending(warning.path), warning.message, aim: warning.aim))
    }
    return findings.problems.count == before ? written : nil
  }

  /// What the kind says, about what the file says or else about what its secrets make of it.
  private func problems(of settings: JSON, _ shape: KindShape) -> [Problem] {
    let found = shape.check(settings)
    // A secret that cannot be had is told by its reference, see `check`. Templates are as they are.
    guard found.isEmpty, let secrets,
      let resolved = try? secrets.resolve(Settings(unfilled: settings, templates: shape.templates))
    else { return found }
    return shape.check(resolved) + shape.checkResolved(resolved)
  }

  /// Shows the value as the file has it, with references instead of secrets.
  private func note(_ problem: Problem, _ place: FieldPath, _ settings: JSON) {
    var value: JSON? = settings
    for step in problem.path.steps {
      switch step {
      case .key(let key): value = value?[key]
      case .index(let index): value = value?[index]
      }
    }
    let text = value?.stringValue
    let message = text.map { "\(problem.message) Found \(quoted($0))." } ?? problem.message
    findings.add(Problem(place.appending(problem.path), message, aim: problem.aim))
  }

  private func read(_ field: FieldShape, _ fields: Fields) {
    let (name, required) = (field.name, field.isRequired)
    switch field.type {
    case .text: _ = fields.text(name, required: required, length: 1...4096)
    case .whole(let range): _ = fields.whole(name, in: range, required: required)
    case .flag: _ = fields.flag(name, required: required)
    case .choice(let words): _ = fields.choice(name, of: words, required: required)
    case .duration: _ = fields.duration(name, required: required)
    case .texts: _ = fields.texts(name, limit: 100)
    case .ids: ids(name, fields)
    case .object: _ = fields.fields(name, "\(quoted(name))", keys: nil, required: required)
    case .secret:
      guard let text = fields.text(name, required: required, length: 1...4096) else { return }
      // A malformed reference is told below, with the other texts.
      if !text.contains("${") {
        fields.add(
          name,
          "A secret must not stand in a file. Put it into an environment variable of the server and write "
            + "${env:NAME} here, or into a file of the server's and write ${file:/path}.")
      }
    }
  }

  private func ids(_ name: String, _ fields: Fields) {
    guard let value = fields[name] else { return }
    guard let ids = value.arrayValue, ids.count <= 100 else {
      return fields.add(name, "Expected a list of at most 100 ids, found \(value.shown).")
    }
    for (index, id) in ids.enumerated() where id.stringValue == nil && id.integerValue == nil {
      findings.add(fields.path.key(name).index(index), "Expected an id, found \(id.shown).")
    }
  }

  /// Notes what is no template where one may stand, and references that are none, or lead nowhere.
  private func check(_ value: JSON, _ path: FieldPath, isTemplate: Bool) {
    switch value {
    case .string(let text):
      do {
        // A reference stands in the operator's words, never across a tag.
        let words = isTemplate ? try Template(text).words : [text]
        for piece in try words.flatMap(Setting.pieces(written:)) {
          if case .reference(let reference) = piece { _ = try secrets?.value(of: reference) }
        }
      } catch let error as TemplateError {
        findings.add(path, error.message)
      } catch {
        findings.add(path, String(describing: error))
      }
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        check(element, path.index(index), isTemplate: isTemplate)
      }
    case .object(let object):
      for (key, element) in object { check(element, path.key(key), isTemplate: isTemplate) }
    default: break
    }
  }
}

extension Fields {
  /// A duration such as `30m`, of at least a second unless said otherwise.
  func duration(
    _ key: String, in range: ClosedRange<Duration> = .seconds(1)...Limits.longest, required: Bool = false
  ) -> Duration? {
    guard let value = self[key] else {
      if required { _ = text(key, required: true) }
      return nil
    }
    guard let text = value.stringValue, let duration = DurationText.parse(text) else {
      let hint = value.intValue.map { " For seconds write \(quoted("\($0)s"))." } ?? ""
      add(
        key,
        "Expected a duration such as \"90s\", \"30m\", \"2h\", \"1d\" or \"1h30m\", "
          + "found \(value.shown).\(hint)"
      )
      return nil
    }
    guard range.contains(duration) else {
      add(
        key,
        "Expected a duration from \(DurationText.text(range.lowerBound)) to "
          + "\(DurationText.text(range.upperBound)), found \(value.shown).")
      return nil
    }
    return duration
  }
}
