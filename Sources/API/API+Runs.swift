import Callbacks
import Domains
import HTTPServer
import JSON
import Jobs
import Outbox
import Outcomes
import Primitives
import Reading
import Runs
import Schedules
import Store

// Errand's own resources: jobs, runs, the ledger, deliveries.
extension API {
  // MARK: Jobs

  /// Parameter: `include_archived`.
  func listJobs(_ request: Request) async throws -> HTTPResponse {
    let archived = try request.flag("include_archived")
    let (jobs, faults) = try await domains.database.read { [self] tx in
      let jobs = try domains.jobs.jobs(tx, archived: archived)
      let faults = try domains.jobs.faults(tx, without: Set(jobs.map(\.name)))
      return (try jobs.map { try shown(tx, $0) }, faults)
    }
    return json(["data": .array(jobs), "faults": .array(faults.map(\.json)), "next_page": .null])
  }

  func showJob(_ request: Request) async throws -> HTTPResponse {
    let name = request.path("name")
    return json(
      try await domains.database.read { [self] tx in try shown(tx, domains.jobs.job(tx, named: name)) })
  }

  /// A job, with how it stands and what keeps it from starting anything.
  private func shown(_ tx: Transaction, _ job: Job) throws -> JSON {
    var shown = job.json.objectValue ?? [:]
    shown.merge(try standing(tx, job))
    shown["obstacle"] = .string(orNull: try domains.runs.obstacle(tx, to: job)?.description)
    shown["timezone"] = .string(orNull: job.timezone)
    shown["faults"] = .array(try domains.jobs.faults(tx, of: job).map(\.json))
    return .object(shown)
  }

  /// Applies a bundle of job files: all of it, or nothing.
  func applyJobs(_ request: Request) async throws -> HTTPResponse {
    let body = try request.object()
    let prunes = body["prune"]?.boolValue ?? false
    let keeper = body["keeper"]?.stringValue ?? Jobs.applied
    // A folder's path is the name of its jobs' keeper; nobody applies in that.
    guard (1...64).contains(keeper.utf8.count),
      keeper.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x2F && $0 < 0x7F })
    else {
      throw APIError.invalid("keeper: expected up to 64 letters, digits and signs without spaces and “/”.")
    }
    let report = try await domains.jobs.apply(
      try Bundle(json: body), prune: prunes, keeper: keeper, folder: body["folder"]?.stringValue)
    return json(report.json)
  }

  // MARK: Runs

  /// Starts a job by hand. The same request under the same `Idempotency-Key` of the same API key answers with the
  /// first one's run, for as long as there is one.
  func startRun(_ request: Request) async throws -> HTTPResponse {
    let body = try request.object()
    guard let name = body["job"]?.stringValue else {
      throw APIError.invalid("job: give the name of the job to run.")
    }
    if let unknown = body.objectValue?.keys.first(where: { !["job", "input", "overlap"].contains($0) }) {
      throw APIError.invalid("\(unknown): there is no such field. The fields are job, input and overlap.")
    }
    let mayOnlyStart = request.key?.scope == .hooks
    let overlap = try overlap(body)
    if mayOnlyStart, overlap != nil {
      throw APIError.forbidden(
        "overlap: a key of the scope hooks starts jobs as they are; what becomes of other runs is the job's to say. "
          + "Leave it out, or use a key of the scope run.")
    }
    let key = try repeats(request).map { repeats in
      // Keys of older servers were everybody's. Only who may see every run is answered with what came of one.
      RequestKey(
        text: repeats.ownKey, shown: repeats.idempotencyKey, fingerprint: repeats.fingerprint,
        bare: request.key?.scope == .admin ? repeats.idempotencyKey : nil)
    }
    var context: JSON.Object = [:]
    if let input = body["input"] { context["body"] = input }
    let occurrence = Occurrence(
      cause: .request(key: key), trigger: "manual", context: context,
      actor: request.actor, overlap: overlap)
    let (start, run) = try await domains.database.write { [domains] tx in
      let start = try domains.runs.start(tx, domains.jobs.job(tx, named: name), occurrence)
      return (start, try start.firing.run.map { try domains.runs.run(tx, $0) })
    }
    if let run {
      return json(mayOnlyStart ? API.receipt(of: run) : run.json, status: start.isRepeat ? 200 : 201)
    }
    switch start.firing.decision {
    // It waits for its turn; who asked can ask for the firing.
    case nil: return json(start.firing.json, status: 202)
    case .failedToStart: throw APIError.invalid(start.firing.reason ?? "The job did not start.")
    default: throw RunsError.notStarted(firing: start.firing.id, reason: start.firing.reason ?? "")
    }
  }

  /// What a key learns of a run that it started, when it may start and not read.
  private static func receipt(of run: Run) -> JSON {
    let shown = ["id", "type", "job", "job_id", "firing_id", "created_at"]
    let all = run.json
    return .object(JSON.Object(uniqueKeysWithValues: shown.map { ($0, all[$0] ?? .null) }))
  }

  /// What the start does about runs that have not ended, instead of what the job says.
  private func overlap(_ body: JSON) throws -> Overlap? {
    guard let given = body["overlap"], !given.isNull else { return nil }
    guard let overlap = given.stringValue.flatMap(Overlap.init) else {
      let known = Overlap.allCases.map(\.rawValue)
      let nearest = given.stringValue.map { Nearest.hint($0, among: known) } ?? ""
      throw APIError.invalid(
        "overlap: \(given.stringValue.map(quoted) ?? given.text) is not one of "
          + "\(known.joined(separator: ", ")).\(nearest)")
    }
    return overlap
  }

  /// Parameters: `job`, `state`, `created_at[gte]` and its like, `limit`, `page`.
  func listRuns(_ request: Request) async throws -> HTTPResponse {
    let limit = try request.limit(default: 20, maximum: 1000)
    let state = try request.choice("state", Run.State.self)
    let created = try request.times("created_at")
    let before = try request.cursor(of: "runs", within: created)?["after"]?.stringValue
    let job = request.query("job")
    let runs = try await domains.database.read { [domains] tx in
      let runs = try domains.runs.runs(
        tx, job: job, state: state, created: created, before: before, limit: limit + 1)
      if runs.isEmpty { try API.checkJob(tx, job, domains) }
      return runs
    }
    return page(runs.map(\.json), limit: limit, of: "runs")
  }

  /// Nothing is listed under a name that no job has. Jobs that are gone may still have runs, so whoever found some
  /// need not ask.
  private static func checkJob(_ tx: Transaction, _ name: String?, _ domains: Domains) throws {
    if let name { _ = try domains.jobs.job(tx, named: name) }
  }

  /// One run with its attempts, what was judged and what was delivered.
  func showRun(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    return json(
      try await domains.database.read { [self] tx in
        let run = try domains.runs.run(tx, id)
        var shown = run.json.objectValue ?? [:]
        shown["timezone"] = .string(orNull: try timezone(tx, of: run))
        shown["attempts"] = .array(try domains.runs.attempts(tx, of: id).map(\.json))
        shown["evaluations"] = .array(
          try Evaluations.list(tx, session: run.session).map(\.json))
        shown["deliveries"] = .array(try domains.outbox.deliveries(tx, ofRun: id).map(redacted))
        return .object(shown)
      })
  }

  func cancelRun(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    let reason = try request.object()["reason"]?.stringValue?.asSentence ?? "It was cancelled over the API."
    return json(
      try await domains.database.write { [domains] tx in
        try domains.runs.cancel(tx, id, reason: reason).json
      })
  }

  // MARK: The ledger

  func listFirings(_ request: Request) async throws -> HTTPResponse {
    let limit = try request.limit(default: 20, maximum: 1000)
    let isHeld = request.query("decision") == "held"
    let decision = isHeld ? nil : try request.choice("decision", Firing.Decision.self, besides: ["held"])
    let before = try request.cursor(of: "firings")?["after"]?.stringValue
    let job = request.query("job")
    let firings = try await domains.database.read { [self] tx in
      let firings = try domains.runs.firings(
        tx, job: job, decision: decision, isHeld: isHeld, before: before, limit: limit + 1)
      if firings.isEmpty { try API.checkJob(tx, job, domains) }
      return try firings.map { try shown(tx, $0) }
    }
    return page(firings, limit: limit, of: "firings")
  }

  func showFiring(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    return json(
      try await domains.database.read { [self] tx in
        try shown(tx, domains.runs.firing(tx, id))
      })
  }

  /// A firing with the zone by whose clocks its times are read.
  private func shown(_ tx: Transaction, _ firing: Firing) throws -> JSON {
    var shown = firing.json.objectValue ?? [:]
    shown["timezone"] = .string(orNull: try timezone(tx, of: firing))
    return .object(shown)
  }

  /// Calls off a firing that waits.
  func cancelFiring(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    let reason = try request.object()["reason"]?.stringValue?.asSentence ?? "It was called off over the API."
    return json(
      try await domains.database.write { [domains] tx in
        try domains.runs.callOff(tx, id, reason: reason).json
      })
  }

  // MARK: Deliveries

  /// A delivery without what in its settings is a credential.
  private func redacted(_ delivery: Delivery) -> JSON {
    Courier.shown(delivery, domains.jobs.kinds.callbacks)
  }

  func listDeliveries(_ request: Request) async throws -> HTTPResponse {
    let limit = try request.limit(default: 20, maximum: 1000)
    let state = try request.choice("state", Delivery.State.self)
    let before = try request.cursor(of: "deliveries")?["after"]?.stringValue
    let deliveries = try await domains.database.read { [domains] tx in
      try domains.outbox.deliveries(tx, state: state, before: before, limit: limit + 1)
    }
    return page(deliveries.map(redacted), limit: limit, of: "deliveries")
  }

  func showDelivery(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    return json(
      try await domains.database.read { [self] tx in redacted(try domains.outbox.delivery(tx, id)) })
  }

  /// Sends one now, whether it is dead or waits for its next attempt.
  func retryDelivery(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    return json(
      try await domains.database.write { [self] tx in
        try domains.outbox.sendNow(tx, id)
        return redacted(try domains.outbox.delivery(tx, id))
      })
  }
}
