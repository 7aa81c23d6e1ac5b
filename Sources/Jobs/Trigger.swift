package import JSON
import Primitives

/// What starts runs of a job.
package struct Trigger: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    /// Times of a clock.
    case schedule(ScheduleSpec)
    /// Every accepted webhook of a source.
    case webhook(source: String)

    /// A cron expression, and the IANA zone in which it is read.
    package static func schedule(expression: String, timezone: String) -> Kind {
      .schedule(ScheduleSpec(.cron(expression), timezone: timezone))
    }
  }

  /// Unique in its job. A part of the firing's key in the ledger, so it must not depend on the order in which
  /// the file lists the triggers.
  package var id: String
  package var kind: Kind
  /// The event pattern that a webhook must match, as the file has it; nil takes every one.
  package var match: JSON?
  /// Who may start a run by a webhook.
  package var lanes = Lane.standard
  /// The template of what a webhook is about: at most one run per text that comes out. Nil for no such bound.
  package var key: String?
  /// What happens while there is such a run.
  package var repeatPolicy = RepeatPolicy.reject
  /// How long firings gather before they start one run, with `coalesce`.
  package var window: Duration?
  /// How many runs a schedule starts before it is at rest; nil for no end.
  package var starts: Int?
  /// After so many failures of its runs in a row a schedule is paused; nil never does.
  package var pauseAfterFailures: Int?

  /// - Parameter name: nil derives the id from what the trigger does.
  package init(_ kind: Kind, name: String? = nil) {
    id = name ?? Trigger.derivedID(kind)
    self.kind = kind
  }

  /// `schedule-1a2b3c4d`: other times are another trigger, whose past is not the old one's; other policies are not.
  private static func derivedID(_ kind: Kind) -> String {
    switch kind {
    case .schedule(let spec): "schedule-" + hash(spec.identity)
    case .webhook(let source): "webhook-" + hash(source)
    }
  }

  /// The upper half of FNV-1a with 64 bits (draft-eastlake-fnv), as hexadecimal digits.
  private static func hash(_ text: String) -> String {
    let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    let digits = String(hash >> 32, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// As it is shown and stored. What is as usual is left out.
  package var json: JSON {
    var object: JSON.Object = ["id": .string(id)]
    switch kind {
    case .schedule(let spec):
      object.merge(spec.json.objectValue ?? [:])
      object["starts"] = starts.map { .integer(Int64($0)) }
      object["pause_after_failures"] = pauseAfterFailures.map { .integer(Int64($0)) }
    case .webhook(let source):
      object["webhook"] = .string(source)
      object["match"] = match
      if lanes != Lane.standard { object["lanes"] = .array(lanes.map { .string($0.rawValue) }) }
      object["key"] = key.map { .string($0) }
      if repeatPolicy != .reject { object["repeat"] = .string(repeatPolicy.rawValue) }
      object["window"] = window.map { .string(DurationText.text($0)) }
    }
    return .object(object)
  }

  package init(json: JSON) {
    id = json["id"]?.stringValue ?? ""
    if let source = json["webhook"]?.stringValue {
      kind = .webhook(source: source)
    } else {
      kind = .schedule(ScheduleSpec(json: json))
    }
    match = json["match"]
    if let lanes = json["lanes"]?.arrayValue {
      self.lanes = lanes.compactMap { $0.stringValue.flatMap(Lane.init) }
    }
    key = json["key"]?.stringValue
    repeatPolicy = json["repeat"]?.stringValue.flatMap(RepeatPolicy.init) ?? .reject
    window = json["window"]?.stringValue.flatMap(DurationText.parse)
    starts = json["starts"]?.intValue
    pauseAfterFailures = json["pause_after_failures"]?.intValue
  }
}
