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
  /// Every kind of source there is.
  package static let kinds: [any SourceKind.Type] = [GenericSource.self]

  /// The largest body that is read, in bytes.
  package static let bodyLimit = 25 << 20

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
        """)
  ]

  private let database: Database
  private let jobs: Jobs
  private let runs: Runs
  private let time: Time
  private let randomness: Randomness
  private let log: Logger
  /// The environment that secret references are resolved in.
  private let secrets: Secrets
  private let refusals = Lock<[Refused: Int]>([:])

  private struct Refused: Hashable {
    var source: String
    var reason: String
    var minute: Int64
  }

  package init(
    database: Database, jobs: Jobs, runs: Runs, secrets: Secrets, time: Time = .system,
    randomness: Randomness = .system, log: Logger
  ) {
    self.database = database
    self.jobs = jobs
    self.runs = runs
    self.secrets = secrets
    self.time = time
    self.randomness = randomness
    self.log = log
  }

  /// Takes a request to `/hooks/<source>`.
  /// - Throws: `HookRefusal`; the refusal is counted.
  package func receive(_ name: String, _ request: HookRequest) async throws -> HookAnswer {
    do {
      let kind = try await kind(name)
      do {
        try kind.verify(request, now: time.now())
      } catch {
        throw HookRefusal.unverified(error)
      }
      let reading = try kind.read(request)
      return try await database.write { [self] tx in
        try take(tx, source: name, reading, body: request.body)
      }
    } catch let refusal as HookRefusal {
      count(refusal, source: name)
      throw refusal
    }
  }

  private func kind(_ name: String) async throws -> any SourceKind {
    let source: Source
    do {
      source = try await database.read { [jobs] tx in try jobs.source(tx, named: name) }
    } catch is JobsError {
      throw HookRefusal.unknownSource(name: name)
    }
    do {
      guard let kind = Hooks.kinds.first(where: { $0.name == source.kind }) else {
        throw HookRefusal.misconfigured(source: name, problem: "its kind \(source.kind) is not known here.")
      }
      return try kind.init(settings: secrets.resolve(source.settings))
    } catch let problem where !(problem is HookRefusal) {
      throw HookRefusal.misconfigured(source: name, problem: String(describing: problem))
    }
  }

  /// The receipt and all it starts. A repeated event is counted and answered with what the first one started.
  private func take(
    _ tx: Transaction, source: String, _ reading: Reading, body: [UInt8]
  ) throws -> HookAnswer {
    let now = time.now()
    let row = try tx.row(
      """
      INSERT INTO receipts (id, source, dedupe_key, type, headers, body, received_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7)
      ON CONFLICT (source, dedupe_key) DO UPDATE SET repeats = receipts.repeats + 1
      RETURNING id, source, dedupe_key, type, headers, received_at, repeats
      """,
      ID.make("rcpt", at: now, randomness), source, reading.dedupeKey, reading.type,
      JSON.object(reading.headers), body, now)
    guard let row else { throw HookRefusal.unknownSource(name: source) }
    let receipt = try Receipt(row)
    if receipt.repeats > 0 {
      let firings = try runs.firings(tx, ofReceipt: receipt.id)
      return HookAnswer(receipt: receipt.id, isRepeat: true, firings: firings.map(HookAnswer.Fired.init))
    }
    var context: JSON.Object = ["body": reading.body, "headers": .object(reading.headers)]
    context["source"] = .string(source)
    if let type = reading.type { context["type"] = .string(type) }
    var firings: [Firing] = []
    for (job, trigger) in try jobs.jobs(tx, withSource: source) {
      let start = try runs.start(
        tx, job, Occurrence(cause: .receipt(receipt.id), trigger: trigger.id, context: context))
      // Several triggers of one job on one source are one occurrence.
      if !start.isRepeat { firings.append(start.firing) }
    }
    return HookAnswer(receipt: receipt.id, isRepeat: false, firings: firings.map(HookAnswer.Fired.init))
  }

  // MARK: Refusals

  /// Strangers can send as much as they like, so refusals are counted by minute, not stored one by one.
  private func count(_ refusal: HookRefusal, source: String) {
    let known = if case .unknownSource = refusal { "" } else { source }
    let key = Refused(source: known, reason: refusal.code, minute: time.now().seconds / 60)
    refusals.withLock { $0[key, default: 0] += 1 }
  }

  /// Writes the counts of refusals from time to time, until cancelled, and once more then.
  package func run() async throws {
    while !Task.isCancelled {
      do { try await time.sleep(.seconds(5)) } catch { break }
      await writeRefusals()
    }
    await writeRefusals()
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
