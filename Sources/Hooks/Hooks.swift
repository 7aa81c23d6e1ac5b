import JSON
package import Jobs
package import Logging
package import Primitives
package import Runs
import Signatures
package import Store

/// The way in for webhooks: verify the raw bytes, write the receipt and everything it starts in one
/// transaction, answer after the commit.
package final class Hooks: Sendable {
  package static let ids = IDTable("rcpt", in: "receipts")
  /// Receipts of what could not be taken; played again, one keeps its id as a receipt.
  package static let refusedIDs = IDTable("rcpt", in: "refused_receipts")

  /// The largest body that is read, in bytes.
  package static let bodyLimit = 25 << 20

  /// So many jobs that do not start get their firing with the reason, per receipt.
  ///
  /// Every job that listens has its own firing, and up to this number that is what is written: whoever asks why
  /// nothing happened finds the first field that failed. With thousands of jobs on a busy source the ledger would
  /// be nothing but refusals, and every event would cost thousands of writes. So those that came nearest are
  /// written, the receipt says how many others there were (`unlisted`), and the reason for any of those is worked
  /// out again from the receipt, which is kept whole (`reason`).
  package static let refusalLimit = 20

  package static let migrations = [
    Migration(
      id: "hooks-0001",
      sql: """
        CREATE TABLE receipts (
          id TEXT PRIMARY KEY,
          source TEXT NOT NULL,
          dedupe_key TEXT NOT NULL,
          type TEXT,
          headers TEXT NOT NULL,
          body BLOB NOT NULL,
          received_at INTEGER NOT NULL,
          repeats INTEGER NOT NULL DEFAULT 0
        );
        CREATE UNIQUE INDEX receipts_by_key ON receipts (source, dedupe_key);
        CREATE TABLE refusals (
          source TEXT NOT NULL,
          reason TEXT NOT NULL,
          minute INTEGER NOT NULL,
          count INTEGER NOT NULL,
          PRIMARY KEY (source, reason, minute)
        );
        """),
    Migration(
      id: "hooks-0002",
      sql: """
        ALTER TABLE receipts ADD COLUMN subject TEXT;
        ALTER TABLE receipts ADD COLUMN unlisted INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX receipts_by_subject ON receipts (source, subject) WHERE subject IS NOT NULL;
        """),
    Migration(
      id: "hooks-0003",
      sql: """
        ALTER TABLE receipts ADD COLUMN digest TEXT;
        CREATE INDEX receipts_by_digest ON receipts (source, digest) WHERE digest IS NOT NULL;
        CREATE TABLE refused_receipts (
          id TEXT PRIMARY KEY,
          source TEXT NOT NULL,
          code TEXT NOT NULL,
          reason TEXT NOT NULL,
          headers TEXT NOT NULL,
          body BLOB NOT NULL,
          digest TEXT NOT NULL,
          received_at INTEGER NOT NULL,
          repeats INTEGER NOT NULL DEFAULT 0,
          replayed_at INTEGER,
          receipt_id TEXT
        );
        CREATE UNIQUE INDEX refused_receipts_by_digest ON refused_receipts (source, digest);
        CREATE INDEX refused_receipts_by_code ON refused_receipts (source, code, id);
        """),
  ]

  /// Every kind of source that there is.
  let kinds: [any SourceKind.Type]
  let database: Database
  let jobs: Jobs
  let runs: Runs
  let time: Time
  let randomness: Randomness
  private let log: Logger
  /// The environment that secret references are resolved in.
  let secrets: Secrets
  private let refusals = Lock<[Refused: Int]>([:])
  /// How many requests of a source were written down as refused in this minute.
  let keeping = Lock<[String: (minute: Int64, count: Int)]>([:])
  private let refusalLog: RefusalLog
  /// Sources as last used, by name. Only such as exist, so that strangers cannot fill it.
  let opened = Lock<[String: OpenSource]>([:])

  private struct Refused: Hashable {
    var source: String
    var reason: String
    var minute: Int64
  }

  /// - Parameter kinds: of the vendors that sources can be of.
  package init(
    kinds: [any SourceKind.Type], database: Database, jobs: Jobs, runs: Runs, secrets: Secrets,
    time: Time = .system,
    randomness: Randomness = .system, log: Logger
  ) {
    self.kinds = kinds
    self.database = database
    self.jobs = jobs
    self.runs = runs
    self.secrets = secrets
    self.time = time
    self.randomness = randomness
    self.log = log
    refusalLog = RefusalLog(time: time, log: log)
  }

  /// Takes a request to `/hooks/<source>`.
  /// - Throws: `HookRefusal`; the refusal is counted.
  package func receive(_ name: String, _ request: HookRequest) async throws -> HookReply {
    do {
      // A turn is repeated only when the source or its jobs were written meanwhile.
      while true {
        if let reply = try await take(request, from: try await source(name), named: name) { return reply }
        opened.withLock { $0[name] = nil }
      }
    } catch let kept as KeptRefusal {
      throw refuse(kept.refusal, source: name)
    } catch let refusal as HookRefusal {
      throw refuse(refusal, source: name)
    }
  }

  /// A verified request that could not be taken, and the receipt that it is kept as.
  private struct KeptRefusal: Error {
    var refusal: HookRefusal
    var receipt: String?
  }

  func source(_ name: String) async throws -> OpenSource {
    if let known = opened.withLock({ $0[name] }) {
      let source = try known.refreshed(kinds, secrets)
      opened.withLock { $0[name] = source }
      return source
    }
    let source = try await database.read { [kinds, jobs, secrets] tx in
      try OpenSource(tx, kinds, jobs, named: name, secrets: secrets)
    }
    opened.withLock { $0[name] = source }
    return source
  }

  /// Nil when the source is another by now.
  private func take(
    _ request: HookRequest, from source: OpenSource, named name: String
  ) async throws -> HookReply? {
    do {
      try source.kind.verify(request, now: time.now())
    } catch {
      let current = try await database.read { [jobs] tx in try jobs.edition(tx, ofSource: name) }
      // The sender may know a secret that this process has not heard of yet.
      if current != source.edition { return nil }
      throw HookRefusal.unverified(error)
    }
    let arrival: HookArrival
    do {
      arrival = try HookArrival(request, at: source, named: name)
    } catch {
      guard let kept = try await keep(error, request, from: source, named: name) else { return nil }
      throw KeptRefusal(refusal: error, receipt: kept.receipt)
    }
    guard case .occurrence(let reading) = arrival.purpose else {
      if case .handshake(let reply) = arrival.purpose { return reply }
      return nil
    }
    let answer: HookAnswer? = try await database.write { [self] tx in
      guard try isCurrent(tx, source, named: name) else { return nil }
      return try write(tx, source: name, arrival, reading)
    }
    guard let answer else { return nil }
    var reply = source.kind.reply(to: reading, answer)
    reply.answer = answer
    return reply
  }

  /// Whether a source is still what it was when it was opened.
  func isCurrent(_ tx: Transaction, _ source: OpenSource, named name: String) throws -> Bool {
    try jobs.edition(tx, ofSource: name) == source.edition
  }

  /// The receipt and all it starts. A repeated delivery is counted and answered with what the first one started.
  /// - Parameter refused: the receipt that was kept of it when it could not be taken; nil for one that comes now.
  func write(
    _ tx: Transaction, source: String, _ arrival: HookArrival, _ reading: Reading,
    refused: RefusedReceipt? = nil
  ) throws -> HookAnswer {
    let (context, plan) = (arrival.context, arrival.plan)
    let now = time.now()
    if let known = try repeated(tx, source: source, arrival, reading, at: now) {
      return try answer(tx, toRepeatOf: known.id, unlisted: known.unlisted)
    }
    let unlisted = max(0, plan.others - Hooks.refusalLimit)
    let row = try tx.row(
      """
      INSERT INTO receipts (id, source, dedupe_key, type, headers, body, received_at, subject, unlisted, digest)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
      ON CONFLICT (source, dedupe_key) DO UPDATE SET repeats = receipts.repeats + 1
      RETURNING id, repeats, unlisted
      """,
      refused?.id ?? ID.make("rcpt", at: now, randomness), source, reading.dedupeKey, reading.type,
      arrival.headers, arrival.body, refused?.receivedAt ?? now, reading.subject, unlisted,
      arrival.digest)
    guard let row else { throw HookRefusal.unknownSource(name: source) }
    let receipt: String = try row["id"]
    if try row["repeats"] > 0 { return try answer(tx, toRepeatOf: receipt, unlisted: row["unlisted"]) }
    let told = try jobsTold(tx, of: reading.subject, source: source, before: receipt)
    var firings: [Firing] = []
    for start in plan.starts {
      let occurrence = Occurrence(
        cause: .receipt(receipt), trigger: start.trigger.id, context: context, actor: reading.actor)
      firings.append(try fire(tx, start, occurrence, earlier: told[start.job.id]))
    }
    for refusal in plan.refusals(Hooks.refusalLimit) {
      let occurrence = Occurrence(
        cause: .receipt(receipt), trigger: refusal.trigger, context: context, actor: reading.actor)
      firings.append(try runs.record(tx, refusal.job, occurrence, .filtered, reason: refusal.reason))
    }
    return HookAnswer(
      receipt: receipt, isRepeat: false, firings: firings.map(HookAnswer.Fired.init), unlisted: unlisted)
  }

  /// The receipt of the same bytes under another key, counted once more, where the key alone proves nothing.
  private func repeated(
    _ tx: Transaction, source: String, _ arrival: HookArrival, _ reading: Reading, at now: Timestamp
  ) throws -> Receipt? {
    guard let digest = arrival.digest else { return nil }
    try tx.lock("receipts of \(source)")
    var since = Timestamp(seconds: 0)
    if case .within(let window) = reading.once { since = now - window }
    let row = try tx.row(
      """
      UPDATE receipts SET repeats = repeats + 1 WHERE id = (
        SELECT id FROM receipts WHERE source = $1 AND digest = $2 AND received_at >= $3 AND dedupe_key <> $4
        ORDER BY id DESC LIMIT 1)
      RETURNING \(Receipt.columns)
      """, source, digest, since, reading.dedupeKey)
    return try row.map(Receipt.init)
  }

  func answer(_ tx: Transaction, toRepeatOf receipt: String, unlisted: Int) throws -> HookAnswer {
    let firings = try runs.firings(tx, ofReceipt: receipt)
    return HookAnswer(
      receipt: receipt, isRepeat: true, firings: firings.map(HookAnswer.Fired.init), unlisted: unlisted)
  }

  /// - Parameter occurrence: of a receipt that this transaction has written.
  private func fire(
    _ tx: Transaction, _ start: HookPlan.Start, _ occurrence: Occurrence, earlier: String?
  ) throws -> Firing {
    // As it is now: what the table knows of it may be older in what matters to runs alone.
    let job = try jobs.job(tx, id: start.job.id)
    if let earlier {
      let reason = "The same thing came before, as receipt \(earlier)."
      return try runs.record(tx, job, occurrence, .skipped, reason: reason)
    }
    return try runs.start(tx, job, occurrence, isNew: true).firing
  }

  /// The jobs that something of the same subject went to, with its receipt.
  private func jobsTold(
    _ tx: Transaction, of subject: String?, source: String, before receipt: String
  ) throws -> [String: String] {
    guard let subject else { return [:] }
    let earlier: [String] = try tx.rows(
      "SELECT id FROM receipts WHERE source = $1 AND subject = $2 AND id <> $3 ORDER BY id LIMIT 10", source,
      subject, receipt
    ).map { try $0["id"] }
    var told: [String: String] = [:]
    for id in earlier {
      for firing in try runs.firings(tx, ofReceipt: id) {
        switch firing.decision {
        case nil, .started?, .joined?: told[firing.job] = told[firing.job] ?? id
        default: break
        }
      }
    }
    return told
  }

  // MARK: Reasons

  /// Why a receipt does not start a job as both are now: the first field that does not fit. Nil when it would.
  /// - Throws: `HookRefusal`, also when the receipt can no longer be read.
  package func reason(_ tx: Transaction, receipt id: String, job: Job) throws -> String? {
    guard let receipt = try receipt(tx, id),
      let row = try tx.row("SELECT body FROM receipts WHERE id = $1", id)
    else { throw HookRefusal.unknownReceipt(id: id) }
    let source = try OpenSource(tx, kinds, jobs, named: receipt.source, secrets: secrets)
    let headers = (receipt.headers.objectValue ?? [:]).map { ($0.key, $0.value.stringValue ?? "") }
    let request = HookRequest(headers: SignatureHeaders(headers), body: try row["body"])
    guard case .occurrence(let reading) = try source.kind.purpose(of: request) else { return nil }
    let listeners = job.triggers.filter { $0.kind == .webhook(source: receipt.source) }.map { (job, $0) }
    if listeners.isEmpty { return "The job \(job.name) does not listen to the source \(receipt.source)." }
    let plan = JobTable(listeners).plan(reading.context(source: receipt.source), actor: reading.actor)
    return plan.refusals(1).first?.reason
  }

  // MARK: Refusals

  /// The one place where a refusal becomes one, wherever it was found: it is counted, and told in the log. Called by
  /// whoever refuses a request before it comes here, too.
  /// - Returns: the same, to be thrown.
  @discardableResult
  package func refuse(_ refusal: HookRefusal, source: String) -> HookRefusal {
    count(refusal, source: source)
    return refusal
  }

  /// Strangers can send as much as they like, so refusals are counted by minute, not stored one by one.
  private func count(_ refusal: HookRefusal, source: String) {
    let known = if case .unknownSource = refusal { "" } else { source }
    let key = Refused(source: known, reason: refusal.code, minute: time.now().seconds / 60)
    refusals.withLock { $0[key, default: 0] += 1 }
    // The name that a stranger gave is not repeated.
    refusalLog.note(
      source: known.isEmpty ? nil : known, code: refusal.code,
      known.isEmpty ? "There is no source of that name." : refusal.description)
  }

  /// Writes the counts of refusals from time to time, until cancelled, and once more then.
  package func run() async throws {
    while !Task.isCancelled {
      do { try await time.sleep(.seconds(5)) } catch { break }
      await writeRefusals()
      refusalLog.sum()
    }
    await writeRefusals()
    refusalLog.sum(all: true)
  }

  func writeRefusals() async {
    let counts = refusals.withLock { counts in
      defer { counts = [:] }
      return counts
    }
    if counts.isEmpty { return }
    do {
      try await database.write { tx in
        for (refused, count) in counts {
          try tx.run(
            """
            INSERT INTO refusals (source, reason, minute, count) VALUES ($1, $2, $3, $4)
            ON CONFLICT (source, reason, minute) DO UPDATE SET count = refusals.count + $4
            """, refused.source, refused.reason, refused.minute, count)
        }
      }
    } catch {
      refusals.withLock { $0.merge(counts, uniquingKeysWith: +) }
      log.error("The counts of refused webhooks were not written, and are tried again: \(error)")
    }
  }
}

extension HookAnswer.Fired {
  init(_ firing: Firing) {
    self.init(
      job: firing.jobName, firing: firing.id, decision: firing.decision?.rawValue ?? "held",
      reason: firing.reason, run: firing.run)
  }
}
