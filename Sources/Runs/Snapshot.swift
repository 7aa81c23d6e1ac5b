import Catalog
package import JSON
package import Jobs
package import Primitives
import Queue
import Sessions

/// What a run took from its job when it started. Later edits of the job change nothing here; secrets stay
/// references.
package struct Snapshot: Sendable, Equatable {
  /// What it has in common with the other runs of the same job.
  package let terms: Terms
  /// What fired, without the outside text that came with it.
  package var trigger: JSON
  /// The rendered prompt.
  package var message: String
  /// What joined the run after it had started, rendered like the message.
  package var joined: [String] = []
  /// File resources of the wire, with the contents' hashes.
  package var resources: [JSON]
  /// With what came with the firing in them.
  package var callbacks: [Callback]
  /// When it is not worth beginning any more; nil for no end.
  package var expiresAt: Timestamp?

  /// A session for one attempt.
  func session(job: String, name: String) -> NewSession {
    NewSession(
      agent: terms.agent, environmentID: terms.environmentID, environment: terms.environment, title: name,
      resources: resources, checks: terms.checks, rehearsal: terms.rehearsal,
      slot: Slot(name: "job:\(job)", limit: terms.concurrency))
  }

  /// The inputs that every attempt begins with.
  var inputs: [NewEvent] {
    var inputs = [Snapshot.message(message)]
    inputs += joined.map(Snapshot.message)
    if let outcome = terms.outcome {
      inputs.append(
        NewEvent(
          .userDefineOutcome, outcome.objectValue ?? [:], hidden: terms.isGraded ? nil : Outcome.ungraded))
    }
    return inputs
  }

  static func message(_ text: String) -> NewEvent {
    NewEvent(.userMessage, ["content": [["type": "text", "text": .string(text)]]])
  }

  /// What is in the run's own row: what the terms say is left out.
  var json: JSON {
    var json: JSON.Object = ["trigger": trigger]
    if message != terms.message { json["message"] = .string(message) }
    if !joined.isEmpty { json["joined"] = .array(joined.map { .string($0) }) }
    if !resources.isEmpty { json["resources"] = .array(resources) }
    if callbacks != terms.callbacks { json["callbacks"] = .array(callbacks.map(\.json)) }
    if let expiresAt { json["expires_at"] = .string(expiresAt.description) }
    return .object(json)
  }

  init(json: JSON, terms: Terms) {
    self.terms = terms
    trigger = json["trigger"] ?? .null
    message = json["message"]?.stringValue ?? terms.message
    joined = json["joined"]?.arrayValue?.compactMap(\.stringValue) ?? []
    resources = json["resources"]?.arrayValue ?? []
    callbacks = json["callbacks"]?.arrayValue?.map(Callback.init(json:)) ?? terms.callbacks
    expiresAt = json["expires_at"]?.stringValue.flatMap(Timestamp.init)
  }

  init(
    terms: Terms, trigger: JSON, message: String, resources: [JSON], callbacks: [Callback],
    expiresAt: Timestamp?
  ) {
    self.terms = terms
    self.trigger = trigger
    self.message = message
    self.resources = resources
    self.callbacks = callbacks
    self.expiresAt = expiresAt
  }
}
