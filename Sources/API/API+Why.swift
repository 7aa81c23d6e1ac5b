import Domains
import HTTPServer
import Hooks
import JSON
import Jobs
import Outbox
import Primitives
import Runs
import Schedules
import Store

extension API {
  /// How far back refused webhooks are told of.
  private static let refusalSpan = Duration.seconds(86_400)

  /// One sentence that says why something is as it is: a run, a firing, a delivery, a receipt, a session, a file,
  /// an agent, an environment, or a job by its id or name. With `at`, why a job's schedules did or did not start something at that time.
  func why(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    let now = time.now()
    if let asked = try API.asked(request) {
      return json(try await domains.database.read { [self] tx in try why(tx, id, at: asked) })
    }
    return json(
      try await domains.database.read { [self] tx in
        var why = try why(tx, id, now: now).json.objectValue ?? [:]
        why["timezone"] = .string(orNull: try timezone(tx, of: id))
        return .object(why)
      })
  }

  private func why(_ tx: Transaction, _ id: String, at asked: Account.Asked) throws -> JSON {
    let job =
      try ID.kind(of: id) == "depl" ? domains.jobs.job(tx, id: id) : domains.jobs.job(tx, everNamed: id)
    let accounts = try domains.schedules.schedules(tx, ofJob: job.id)
      .map { try domains.schedules.account(tx, $0, at: asked) }
    let past = try domains.schedules.past(tx, job, at: asked, besides: accounts)
    var sentences = accounts.map { accounts.count == 1 ? $0.sentence : "\($0.trigger): \($0.sentence)" }
    sentences += past.map { Schedules.words(of: $0, job) }
    if sentences.isEmpty {
      let archived = job.archivedAt.map { "; it was archived at \($0.inSentence)" } ?? ""
      sentences = ["Job \(job.name) has no schedule\(archived)."]
    }
    // Of several schedules, the one that names the time tells the most.
    let told = accounts.first { $0.isNamed }
    var why =
      Why(
        subject: "job", id: job.id,
        state: (told?.firing ?? past.first)?.decision?.rawValue ?? "nothing",
        sentence: sentences.joined(separator: " ")
      ).json.objectValue ?? [:]
    why["timezone"] = .string(orNull: job.timezone)
    why["accounts"] = .array(accounts.map(\.json))
    return .object(why)
  }

  private func why(_ tx: Transaction, _ id: String, now: Timestamp) throws -> Why {
    switch ID.kind(of: id) {
    case "run": return try domains.runs.why(tx, run: id)
    case "drun": return try domains.runs.why(tx, firing: id)
    case "dlv": return Why(try domains.outbox.delivery(tx, id), now: now)
    case "rcpt":
      guard let receipt = try domains.hooks.receipt(tx, id) else {
        guard let refused = try domains.hooks.refusedReceipt(tx, id) else {
          throw APIError.notFound("There is no receipt \(id).")
        }
        return API.why(refused)
      }
      return try domains.runs.why(
        tx,
        receipt: ReceiptFacts(
          id: id, source: receipt.source, receivedAt: receipt.receivedAt, repeats: receipt.repeats))
    case "depl": return try why(tx, domains.jobs.job(tx, id: id), now: now)
    case "sesn": return try why(tx, session: id)
    case "file": return try why(tx, file: id)
    case "agent": return try why(tx, agent: id)
    case "env": return try why(tx, environment: id)
    case "sevt":
      throw APIError.notFound(
        "\(id) is the id of an event. Ask about its session or its run: `errand logs` shows what happened there."
      )
    default:
      let job: Job
      do {
        job = try domains.jobs.job(tx, everNamed: id)
      } catch let error as JobsError {
        guard let fault = try domains.jobs.fault(tx, ofMissing: id) else { throw error }
        return Why(
          subject: "job", id: id, state: "broken",
          sentence: "There is no job \(id) yet: \(fault.sentence)")
      }
      return try why(tx, job, now: now)
    }
  }

  private func why(_ tx: Transaction, _ job: Job, now: Timestamp) throws -> Why {
    let schedules = try domains.schedules.schedules(tx, ofJob: job.id).map { schedule in
      JobFacts.Schedule(
        times: "“\(schedule.spec.words)”",
        nextAt: try domains.schedules.upcoming(tx, schedule, count: 1).first,
        timezone: schedule.spec.timezone,
        paused: schedule.pause.map { "by \($0.by) since \($0.at.inSentence), \($0.reason)" },
        isUsedUp: schedule.startsLeft == 0)
    }
    var sources: [String] = []
    for trigger in job.triggers {
      if case .webhook(let source) = trigger.kind, !sources.contains(source) { sources.append(source) }
    }
    let facts = try sources.map { source in
      JobFacts.Source(
        name: source, lastReceipt: try domains.hooks.lastArrival(tx, at: source),
        refusals: try domains.hooks.refusals(tx, at: source, since: now - API.refusalSpan),
        span: API.refusalSpan)
    }
    var about = JobFacts(job, schedules: schedules, sources: facts)
    about.faults = try domains.jobs.faults(tx, of: job).map(\.sentence)
    return try domains.runs.why(tx, job: about)
  }
}
