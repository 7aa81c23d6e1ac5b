import Domains
import HTTPServer
import JSON
import Jobs
import Primitives
import Runs
import Schedules
import Store

// Schedules: what is due when, and the few things people do to them.
extension API {
  /// Parameters: `job`, `state` (of those on the page), `limit`, `page`.
  func listSchedules(_ request: Request) async throws -> HTTPResponse {
    let limit = try request.limit(default: 100, maximum: 1000)
    let state = try request.choice("state", Schedule.State.self)
    let job = request.query("job")
    var after: (name: String, job: String, trigger: String)?
    if let cursor = try request.cursor(of: "schedules"), let name = cursor["name"]?.stringValue,
      let parts = cursor["id"]?.stringValue.flatMap(Schedule.parts)
    {
      after = (name, parts.job, parts.trigger)
    }
    let place = after
    let (shown, totals, next) = try await domains.database.read {
      [domains] tx -> ([JSON], Schedule.Counts, JSON) in
      let found = try domains.schedules.schedules(tx, job: job, after: place, limit: limit + 1)
      let shown = try found.prefix(limit).filter { state == nil || $0.state == state }
        .map { try domains.schedules.json(tx, $0) }
      let last = found.count > limit ? found[limit - 1] : nil
      let next = last.map {
        Cursor(["list": "schedules", "name": .string($0.jobName), "id": .string($0.id)]).text
      }
      return (shown, try domains.schedules.totals(tx), .string(orNull: next))
    }
    return json(["data": .array(shown), "next_page": next, "totals": totals.json])
  }

  /// One schedule with its latest spans and what people did to it; with `at`, what was decided about that time.
  func showSchedule(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    let asked = try API.asked(request)
    return json(
      try await domains.database.read { [domains] tx in
        let schedule = try domains.schedules.schedule(tx, id)
        var shown = try domains.schedules.json(tx, schedule).objectValue ?? [:]
        shown["spans"] = .array(try domains.schedules.spans(tx, schedule).map(\.json))
        shown["deeds"] = .array(try domains.schedules.deeds(tx, schedule).map(\.json))
        if let asked { shown["account"] = try domains.schedules.account(tx, schedule, at: asked).json }
        return .object(shown)
      })
  }

  func pauseSchedule(_ request: Request) async throws -> HTTPResponse {
    let (id, by, reason) = try API.deed(request)
    return json(
      try await domains.database.write { [domains] tx in
        try domains.schedules.json(tx, domains.schedules.pause(tx, id, by: by, reason: reason))
      })
  }

  func unpauseSchedule(_ request: Request) async throws -> HTTPResponse {
    let (id, by, reason) = try API.deed(request)
    return json(
      try await domains.database.write { [domains] tx in
        try domains.schedules.json(tx, domains.schedules.unpause(tx, id, by: by, reason: reason))
      })
  }

  /// Skips the next time; the answer names it.
  func skipSchedule(_ request: Request) async throws -> HTTPResponse {
    let (id, by, reason) = try API.deed(request)
    return json(
      try await domains.database.write { [domains] tx in
        let skipped = try domains.schedules.skip(tx, id, by: by, reason: reason)
        var shown = try domains.schedules.json(tx, domains.schedules.schedule(tx, id)).objectValue ?? [:]
        shown["skipped_at"] = .string(skipped.description)
        return .object(shown)
      })
  }

  /// Lets a time start something after all that was to be skipped. `at` may be left out when there is only one.
  func unskipSchedule(_ request: Request) async throws -> HTTPResponse {
    let (id, by, reason) = try API.deed(request, and: ["at"])
    var asked: Account.Asked?
    if let at = try request.object()["at"], !at.isNull { asked = try API.asked(at.stringValue ?? at.text) }
    let wanted = asked
    return json(
      try await domains.database.write { [domains] tx in
        let nominal = try domains.schedules.unskip(tx, id, at: wanted, by: by, reason: reason)
        var shown = try domains.schedules.json(tx, domains.schedules.schedule(tx, id)).objectValue ?? [:]
        shown["unskipped_at"] = .string(nominal.description)
        return .object(shown)
      })
  }

  func backfillSchedule(_ request: Request) async throws -> HTTPResponse {
    let body = try request.object()
    try API.refuseOthers(body, ["from", "to", "overlap"])
    guard let from = body["from"]?.stringValue, let to = body["to"]?.stringValue else {
      throw APIError.invalid("from, to: give the first and the last time to make up for.")
    }
    var overlap: Overlap?
    if let word = body["overlap"]?.stringValue {
      overlap = Overlap(rawValue: word)
      if overlap == nil {
        let words = Overlap.allCases.map(\.rawValue).joined(separator: ", ")
        throw APIError.invalid("overlap: “\(word)” is not one of \(words).")
      }
    }
    let done = try await domains.schedules.backfill(
      request.path("id"), from: try API.moment("from", from), to: try API.moment("to", to),
      overlap: overlap ?? .bufferAll,
      actor: request.actor)
    return json([
      "data": .array(
        done.map { time in
          var firing = time.firing.json.objectValue ?? [:]
          firing["was_there"] = .bool(time.isRepeat)
          return .object(firing)
        }), "next_page": .null,
    ])
  }

  /// Who does something to a schedule, and why.
  /// - Parameter more: further fields that the body may have.
  private static func deed(
    _ request: Request, and more: [String] = []
  ) throws -> (id: String, by: String, reason: String) {
    let body = try request.object()
    try refuseOthers(body, ["by", "reason"] + more)
    func text(_ key: String, _ otherwise: String) throws -> String {
      guard let value = body[key], !value.isNull else { return otherwise }
      guard let text = value.stringValue, (1...500).contains(text.unicodeScalars.count) else {
        throw APIError.invalid("\(key): use a text of 1 to 500 characters.")
      }
      return text
    }
    return (
      request.path("id"), try text("by", request.actor?.name ?? "a caller of the API"),
      try text("reason", "No reason was given.")
    )
  }

  private static func refuseOthers(_ body: JSON, _ keys: [String]) throws {
    if let unknown = body.objectValue?.keys.first(where: { !keys.contains($0) }) {
      throw APIError.invalid(
        "\(unknown): there is no such field. The fields are \(keys.joined(separator: ", ")).")
    }
  }

  /// The time that `at` asks for.
  static func asked(_ request: Request) throws -> Account.Asked? {
    try request.query("at").map { try asked($0) }
  }

  private static func asked(_ text: String) throws -> Account.Asked {
    guard let asked = Account.Asked(text) else {
      throw APIError.invalid(
        "at: “\(text)” is not a time such as 2026-11-12T07:00:00Z, or 2026-11-12T07:00 on the schedule's clocks."
      )
    }
    return asked
  }

  private static func moment(_ name: String, _ text: String) throws -> Timestamp {
    guard let moment = Timestamp(text) else {
      throw APIError.invalid(
        "\(name): “\(text)” is not a time such as 2026-11-12T07:00:00Z. It ends in Z, or in an offset such as +01:00."
      )
    }
    return moment
  }
}
