package import JSON

/// What starts runs of a job.
package struct Trigger: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    /// Times of a clock.
    case schedule(ScheduleSpec)
    /// Every accepted webhook of a source.
    case webhook(source: String)
  }

  /// Unique in its job. A part of the firing's key in the ledger, so it must not depend on the order in which
  /// the file lists the triggers.
  package var id: String
  package var kind: Kind
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

  /// As it is shown and stored.
  package var json: JSON {
    var object: JSON.Object = ["id": .string(id)]
    switch kind {
    case .schedule(let spec): object.merge(spec.json.objectValue ?? [:])
    case .webhook(let source): object["webhook"] = .string(source)
    }
    if let starts { object["starts"] = .integer(Int64(starts)) }
    if let pauseAfterFailures { object["pause_after_failures"] = .integer(Int64(pauseAfterFailures)) }
    return .object(object)
  }

  package init(json: JSON) {
    id = json["id"]?.stringValue ?? ""
    if let source = json["webhook"]?.stringValue {
      kind = .webhook(source: source)
    } else {
      kind = .schedule(ScheduleSpec(json: json))
    }
    starts = json["starts"]?.intValue
    pauseAfterFailures = json["pause_after_failures"]?.intValue
  }
}
