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
  /// The callbacks with what came with the firing in them.
  package var destinations: [Destination]
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
    if destinations != Snapshot.unfilled(terms) {
      json["destinations"] = .array(destinations.map(\.json))
    }
    if let expiresAt { json["expires_at"] = .string(expiresAt.description) }
    return .object(json)
  }

  /// The callbacks of a job into which nothing is put.
  private static func unfilled(_ terms: Terms) -> [Destination]? {
    try? terms.callbacks.map { try Destination($0) }
  }

  /// - Parameter given: nil for a row of earlier versions, which has everything itself.
  /// - Throws: `SecretError` for callbacks that cannot be read any more.
  init(json: JSON, terms given: Terms?) throws {
    let terms = given ?? Terms(json: json)
    self.terms = terms
    trigger = json["trigger"] ?? .null
    message = json["message"]?.stringValue ?? terms.message
    joined = json["joined"]?.arrayValue?.compactMap(\.stringValue) ?? []
    resources = json["resources"]?.arrayValue ?? []
    if let stored = json["destinations"]?.arrayValue {
      destinations = try stored.map { try Destination(json: $0) }
    } else if let earlier = json["callbacks"]?.arrayValue {
      destinations = try earlier.enumerated().map { index, callback in
        let written = given.flatMap { index < $0.callbacks.count ? $0.callbacks[index] : nil }
        return try Destination(earlier: callback, of: written)
      }
    } else {
      destinations = try terms.callbacks.map { try Destination($0) }
    }
    expiresAt = json["expires_at"]?.stringValue.flatMap(Timestamp.init)
  }

  init(
    terms: Terms, trigger: JSON, message: String, resources: [JSON], destinations: [Destination],
    expiresAt: Timestamp?
  ) {
    self.terms = terms
    self.trigger = trigger
    self.message = message
    self.resources = resources
    self.destinations = destinations
    self.expiresAt = expiresAt
  }
}
