import Catalog
package import JSON
import Primitives
import Reading
import Sessions

// A job as it is stored and as `/v1/jobs` shows it.
extension Job {
  /// What the author decided, with references resolved to ids. Equal means that nothing changed.
  var definition: JSON {
    var object: JSON.Object = ["description": .string(orNull: description)]
    object["agent_id"] = .string(agent)
    object["environment_id"] = .string(environment)
    object["triggers"] = .array(triggers.map(\.json))
    if let overlap { object["overlap"] = .string(overlap.rawValue) }
    if let expires { object["expires"] = .string(DurationText.text(expires)) }
    var input: JSON.Object = ["message": .string(message), "files": .array(files.map(\.json))]
    // Left out when there are none, so that older definitions stay equal.
    if !repositories.isEmpty { input["repositories"] = .array(repositories.map(\.json)) }
    object["input"] = .object(input)
    object["outcome"] = outcome?.json ?? .null
    object["limits"] = limits.json
    object["callbacks"] = .array(callbacks.map(\.json))
    object["rehearsal"] = rehearsal ?? .null
    return .object(object)
  }

  /// The resource. Secrets are shown as the references they are.
  package var json: JSON {
    var object: JSON.Object = [
      "id": .string(id), "type": "job", "name": .string(name), "origin": .string(origin.rawValue),
    ]
    object.merge(definition.objectValue ?? [:])
    // A rehearsal is a script for trying the job, and long.
    object["rehearsal"] = nil
    object["has_rehearsal"] = .bool(rehearsal != nil)
    object["kept_by"] = .string(orNull: keeper)
    object["file"] = .string(orNull: file)
    object["revision"] = .integer(Int64(revision))
    object["created_at"] = .string(createdAt.description)
    object["updated_at"] = .string(updatedAt.description)
    object["archived_at"] = .string(orNull: archivedAt?.description)
    return .object(object)
  }

  /// Takes over what `definition` wrote.
  mutating func read(_ stored: JSON) {
    description = stored["description"]?.stringValue
    agent = stored["agent_id"]?.stringValue ?? ""
    environment = stored["environment_id"]?.stringValue ?? ""
    triggers = stored["triggers"]?.arrayValue?.map(Trigger.init(json:)) ?? []
    overlap = stored["overlap"]?.stringValue.flatMap(Overlap.init)
    expires = stored["expires"]?.stringValue.flatMap(DurationText.parse)
    message = stored["input"]?["message"]?.stringValue ?? ""
    files = stored["input"]?["files"]?.arrayValue?.map(JobFile.init(json:)) ?? []
    repositories = stored["input"]?["repositories"]?.arrayValue?.map(JobRepository.init(json:)) ?? []
    outcome = stored["outcome"]?.notNull.map(JobOutcome.init(json:))
    limits = stored["limits"].map(Limits.init(json:)) ?? Limits()
    callbacks = stored["callbacks"]?.arrayValue?.map(Callback.init(json:)) ?? []
    rehearsal = stored["rehearsal"]?.notNull
  }
}

extension JobFile {
  var json: JSON {
    ["path": .string(path), "sha256": .string(content.sha256), "size_bytes": .integer(content.size)]
  }

  init(json: JSON) {
    self.init(
      path: json["path"]?.stringValue ?? "",
      content: Content(
        sha256: json["sha256"]?.stringValue ?? "", size: json["size_bytes"]?.integerValue ?? 0))
  }
}

extension JobOutcome {
  var json: JSON {
    [
      "description": .string(description), "rubric": .string(orNull: rubric),
      "checks": .array(checks.map(\.json)), "max_iterations": .integer(Int64(maxIterations)),
    ]
  }

  init(json: JSON) {
    self.init(
      description: json["description"]?.stringValue ?? "", rubric: json["rubric"]?.stringValue,
      checks: json["checks"]?.arrayValue?.map(Check.init(json:)) ?? [],
      maxIterations: json["max_iterations"]?.intValue ?? Outcome.defaultIterations)
  }
}
