import JSON
import Primitives
import Signatures

/// The daily brief: a schedule fires it, then a webhook does.
struct BriefStory: Story {
  static let job = "daily-brief"
  static let about = "a daily brief, set off by a schedule and by a webhook"

  let stage: Stage
  private var server: Server { stage.server }
  private var narrator: Narrator { stage.narrator }

  private func telling(again: Bool) -> RunTelling {
    RunTelling(server: server, narrator: narrator, isFamiliar: again) {
      [receiver = stage.receiver] delivery in
      guard delivery["kind"]?.stringValue == "webhook" else { return nil }
      guard let arrival = receiver.arrival(delivery["id"]?.stringValue ?? "") else {
        return "the receiver has not seen it"
      }
      return arrival.problem ?? "the receiver verified its signature (\(arrival.type))"
    }
  }

  func tell() async throws -> Expectations {
    var expectations = Expectations()
    narrator.title("The daily brief: a schedule fires the job")
    let scheduled = try await scheduledRun()
    let first = try await telling(again: false).tell(scheduled)
    expectations.expectStory(of: first, "scheduled", verified: isVerified)

    narrator.title("A webhook fires it again")
    let fired = try await webhooks(&expectations)
    if let fired {
      let second = try await telling(again: true).tell(fired)
      expectations.expectStory(of: second, "webhook's", verified: isVerified)
    }
    show(first)
    return expectations
  }

  /// How many lines of the brief are shown.
  private static let shownLines = 24

  private func show(_ run: JSON) {
    narrator.title("The brief")
    let delivery = run["deliveries"]?.arrayValue?.first { $0["kind"]?.stringValue == "directory" }
    // That it is missing is what there is to tell.
    guard let path = delivery?["receipt"]?["path"]?.stringValue.map({ "\($0)/brief.md" }),
      let bytes = try? InputFile.read(path)
    else {
      narrator.plain("It was not delivered.")
      return
    }
    narrator.plain(path)
    narrator.plain("")
    let lines = String(decoding: bytes, as: UTF8.self).safeLines
    for line in lines.prefix(BriefStory.shownLines) { narrator.plain("    \(line)") }
    if lines.count > BriefStory.shownLines { narrator.plain("    …") }
  }

  @Sendable private func isVerified(_ delivery: String) -> Bool {
    stage.receiver.arrival(delivery).map { $0.problem == nil } ?? false
  }

  // MARK: The schedule

  /// Applies the job with a schedule that names one coming second, and waits for what it fires.
  private func scheduledRun() async throws -> String {
    var lead: Int64 = 3
    while true {
      let second = Time.system.now().seconds + lead
      let expression = BriefStory.expression(at: second)
      try stage.folder.writeSchedule(expression)
      let changes = try await stage.apply()
      let listed = try await server.get(["v1", "schedules"])["data"]?.arrayValue ?? []
      let next = listed.first { $0["job"]?.stringValue == BriefStory.job }?["next_at"]?.stringValue
      // On a very busy machine the second may have passed before the job was applied.
      guard next.flatMap({ Timestamp($0) }) == Timestamp(seconds: second) else {
        lead *= 2
        if lead > 60 { throw Complaint.setUp("This machine takes longer than 30 s to apply a job.") }
        continue
      }
      narrator.tell("applied", changes.joined(separator: ", "), wraps: true)
      narrator.tell("schedule", "\(expression)  (UTC; seconds first): due in \(lead) s")
      let run = try await run(firedBy: "schedule", at: Timestamp(seconds: second).description)
      let late = run["created_at"]?.stringValue.flatMap { Timestamp($0) }.map {
        $0 - Timestamp(seconds: second)
      }
      narrator.tell(
        "fired",
        "by its schedule, \(late.map(TimeWords.duration) ?? "?") after the second: \(run["id"]?.stringValue ?? "")",
        .good)
      return run["id"]?.stringValue ?? ""
    }
  }

  /// Six fields, the second first, that name this second of this day.
  static func expression(at seconds: Int64) -> String {
    let days = seconds / 86_400
    let civil = Timestamp.civil(days: days)
    let inDay = seconds - days * 86_400
    return "\(inDay % 60) \(inDay / 60 % 60) \(inDay / 3600) \(civil.day) \(civil.month) *"
  }

  private func run(firedBy kind: String, at time: String) async throws -> JSON {
    try await stage.wait("Nothing fired") {
      try await stage.runs(of: BriefStory.job).first {
        $0["trigger"]?["kind"]?.stringValue == kind && $0["trigger"]?["time"]?.stringValue == time
      }
    }
  }

  // MARK: The webhooks

  /// Sends a forged event, a real one, and the real one again.
  /// - Returns: the run that the real one started.
  private func webhooks(_ expectations: inout Expectations) async throws -> String? {
    let job = try await server.get(["v1", "jobs", BriefStory.job])
    guard let source = (job["triggers"]?.arrayValue ?? []).compactMap({ $0["webhook"]?.stringValue }).first
    else {
      throw Complaint.setUp("The job \(BriefStory.job) has no webhook among its triggers.")
    }
    let sender = HookSender(url: "\(server.url)/hooks/\(Server.encoded(source))")
    let event: JSON = ["type": "brief.requested", "requested_by": "the desk", "day": "yesterday"]
    let id = "msg_" + Hex.encode(Randomness.system.bytes(8))

    let forged = try await sender.send(event, id: id, secret: StandardWebhooks.newSecret())
    narrator.tell("forged", "a wrong signature is answered \(forged.words)", .bad, wraps: true)
    expectations.expect(forged.status == 401, "the forged webhook was answered \(forged.status), not 401")

    let real = try await sender.send(event, id: id, secret: stage.secrets.desk)
    let run = real.body["run_id"]?.stringValue
    narrator.tell("fired", "a right signature is answered \(real.words): \(run ?? "no run")", .good)
    expectations.expect(
      real.status == 202 && run != nil, "the webhook was answered \(real.words), not 202 with a run")

    let again = try await sender.send(event, id: id, secret: stage.secrets.desk)
    let same = again.body["run_id"]?.stringValue
    narrator.tell(
      "repeated",
      "the same event again is answered \(again.words): \(same == run ? "the same run, nothing new" : same ?? "no run")",
      .waiting)
    expectations.expect(
      again.status == 200 && same == run,
      "the repeated webhook was answered \(again.status) with \(same ?? "no run"), not 200 with \(run ?? "a run")"
    )
    return run
  }
}
