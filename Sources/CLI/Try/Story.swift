import JSON
import Primitives
import Signatures

/// The daily brief, told live: a schedule fires it, then a webhook does.
struct Story: Sendable {
  static let job = "daily-brief"
  /// How long a trigger may take to start its run.
  static let patience = Duration.seconds(20)

  let folder: TryFolder
  let server: Server
  let receiver: CallbackReceiver
  let narrator: Narrator
  /// The source's secret: the sender's half.
  let deskSecret: String

  private var telling: RunTelling { RunTelling(server: server, receiver: receiver, narrator: narrator) }
  private var tellingAgain: RunTelling {
    RunTelling(server: server, receiver: receiver, narrator: narrator, isFamiliar: true)
  }

  /// - Returns: what was not as it should be, and the folder of the first brief.
  func tell() async throws -> (Expectations, brief: String?) {
    var expectations = Expectations()
    narrator.title("1  A schedule fires the job")
    let scheduled = try await scheduledRun()
    let first = try await telling.tell(scheduled)
    expectations.expectStory(of: first, "scheduled", verified: isVerified)

    narrator.title("2  A webhook fires it again")
    let fired = try await webhooks(&expectations)
    if let fired {
      expectations.expectStory(of: try await tellingAgain.tell(fired), "webhook's", verified: isVerified)
    }
    let delivery = first["deliveries"]?.arrayValue?.first { $0["kind"]?.stringValue == "directory" }
    return (expectations, delivery?["receipt"]?["path"]?.stringValue)
  }

  @Sendable private func isVerified(_ delivery: String) -> Bool {
    receiver.arrival(delivery).map { $0.problem == nil } ?? false
  }

  // MARK: The schedule

  /// Applies the job with a schedule that names one coming second, and waits for what it fires.
  private func scheduledRun() async throws -> String {
    var lead: Int64 = 3
    while true {
      let second = Time.system.now().seconds + lead
      let expression = Story.expression(at: second)
      try folder.writeSchedule(expression)
      let report = try await Apply.send(folder.jobs, prune: true, to: server)
      let listed = try await server.get(["v1", "schedules"])["data"]?.arrayValue ?? []
      let next = listed.first { $0["job"]?.stringValue == Story.job }?["next_at"]?.stringValue
      // On a very busy machine the second may have passed before the job was applied.
      guard next.flatMap({ Timestamp($0) }) == Timestamp(seconds: second) else {
        lead *= 2
        if lead > 60 { throw Complaint.setUp("This machine takes longer than 30 s to apply a job.") }
        continue
      }
      let things = (report["things"]?.arrayValue ?? []).map { change in
        "\(change["thing"]?.stringValue ?? "") \(change["name"]?.stringValue ?? "")"
      }
      narrator.tell("applied", things.joined(separator: ", "), wraps: true)
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
    let deadline = ContinuousClock.now + Story.patience
    while ContinuousClock.now < deadline {
      let runs = try await server.get(["v1", "runs"], [("job", Story.job)])["data"]?.arrayValue ?? []
      let found = runs.first {
        $0["trigger"]?["kind"]?.stringValue == kind && $0["trigger"]?["time"]?.stringValue == time
      }
      if let found { return found }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw Complaint.setUp(
      "Nothing fired within \(TimeWords.duration(Story.patience)). The server's log is \(folder.log).")
  }

  // MARK: The webhooks

  /// Sends a forged event, a real one, and the real one again.
  /// - Returns: the run that the real one started.
  private func webhooks(_ expectations: inout Expectations) async throws -> String? {
    let job = try await server.get(["v1", "jobs", Story.job])
    guard let source = (job["triggers"]?.arrayValue ?? []).compactMap({ $0["webhook"]?.stringValue }).first
    else {
      throw Complaint.setUp("The job \(Story.job) has no webhook among its triggers.")
    }
    let sender = HookSender(url: "\(server.url)/hooks/\(Server.encoded(source))")
    let event: JSON = ["type": "brief.requested", "requested_by": "the desk", "day": "yesterday"]
    let id = "msg_" + Hex.encode(Randomness.system.bytes(8))

    let forged = try await sender.send(event, id: id, secret: StandardWebhooks.newSecret())
    narrator.tell("forged", "a wrong signature is answered \(forged.words)", .bad, wraps: true)
    expectations.expect(forged.status == 401, "the forged webhook was answered \(forged.status), not 401")

    let real = try await sender.send(event, id: id, secret: deskSecret)
    let run = real.body["run_id"]?.stringValue
    narrator.tell("fired", "a right signature is answered \(real.words): \(run ?? "no run")", .good)
    expectations.expect(
      real.status == 202 && run != nil, "the webhook was answered \(real.words), not 202 with a run")

    let again = try await sender.send(event, id: id, secret: deskSecret)
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
