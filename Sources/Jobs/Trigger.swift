package import JSON

/// What starts runs of a job.
package struct Trigger: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    /// A cron expression, and the IANA zone in which it is read.
    case schedule(expression: String, timezone: String)
    /// Every accepted webhook of a source.
    case webhook(source: String)
  }

  /// Unique in its job. A part of the firing's key in the ledger, so it must not depend on the order in which
  /// the file lists the triggers.
  package var id: String
  package var kind: Kind

  /// - Parameter name: nil derives the id from what the trigger does.
  package init(_ kind: Kind, name: String? = nil) {
    id = name ?? Trigger.derivedID(kind)
    self.kind = kind
  }

  /// `schedule-1a2b3c4d`: a changed schedule is another trigger, whose past is not the old one's.
  private static func derivedID(_ kind: Kind) -> String {
    switch kind {
    case .schedule(let expression, let timezone): "schedule-" + hash("\(expression)\n\(timezone)")
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
    switch kind {
    case .schedule(let expression, let timezone):
      ["id": .string(id), "schedule": .string(expression), "timezone": .string(timezone)]
    case .webhook(let source): ["id": .string(id), "webhook": .string(source)]
    }
  }

  package init(json: JSON) {
    id = json["id"]?.stringValue ?? ""
    if let source = json["webhook"]?.stringValue {
      kind = .webhook(source: source)
    } else {
      kind = .schedule(
        expression: json["schedule"]?.stringValue ?? "", timezone: json["timezone"]?.stringValue ?? "UTC")
    }
  }
}
