package import JSON
package import Jobs
package import Primitives
import Reading
import Runs
import Signatures

/// What a request would do if it came now, worked out without writing anything. Its signature is not looked at:
/// a recorded request is old, and nobody needs the secret to see what it would start.
package struct HookPreview: Sendable {
  package struct Line: Sendable, Equatable {
    package var job: String
    package var trigger: String
    package var starts: Bool
    /// What a key renders; at most one run has it at a time.
    package var key: String?
    /// What the agent would be told.
    package var prompt: String?
    /// Why it does not start: the first field that does not fit.
    package var reason: String?
  }

  /// Nil when the source would answer the request by itself.
  package let reading: Reading?
  /// Those that start first, each in the order of the jobs.
  package let lines: [Line]

  /// - Throws: `HookRefusal` when the source cannot read the request.
  package init(
    _ request: HookRequest, source: Source, among kinds: [any SourceKind.Type], jobs: [Job], now: Timestamp,
    secrets: Secrets
  ) throws {
    let kind = try HookPreview.kind(of: source, among: kinds, secrets)
    guard case .occurrence(let reading) = try kind.purpose(of: HookBody.unpacked(request)) else {
      self.reading = nil
      lines = []
      return
    }
    self.reading = reading
    let listeners = jobs.sorted { $0.name < $1.name }.flatMap { job in
      job.triggers.filter { $0.kind == .webhook(source: source.name) }.map { (job, $0) }
    }
    let context = reading.context(source: source.name)
    let plan = JobTable(listeners).plan(context, actor: reading.actor)
    lines =
      plan.starts.map { HookPreview.line($0, context, now) }
      + plan.refusals(plan.others).map { refusal in
        Line(job: refusal.job.name, trigger: refusal.trigger, starts: false, reason: refusal.reason)
      }
  }

  /// Which headers a source of this kind cannot do without, whatever the signature, are not there.
  package static func headersMissing(
    in request: HookRequest, for source: Source, among kinds: [any SourceKind.Type]
  ) -> [String] {
    let needed = kinds.first { $0.name == source.kind }?.neededHeaders ?? []
    return needed.filter { request.headers[$0].isEmpty }
  }

  /// - Throws: `JobsError.notFound` with the nearest name.
  package static func source(named name: String, in sources: [Source]) throws(JobsError) -> Source {
    if let source = sources.first(where: { $0.name == name }) { return source }
    throw .notFound(kind: "source", name: name, nearest: Nearest.to(name, among: sources.map(\.name)))
  }

  private static func line(_ start: HookPlan.Start, _ context: JSON.Object, _ now: Timestamp) -> Line {
    let (job, trigger) = (start.job, start.trigger)
    var line = Line(job: job.name, trigger: trigger.id, starts: true)
    do {
      var full = context.merging(job.clock(at: now, trigger: trigger.id))
      full[Occurrence.credentials] = nil
      for (name, value) in [
        ("kind", "webhook"), ("id", trigger.id), ("time", now.description), ("receipt_id", "rcpt_preview"),
      ] { full[name] = .string(value) }
      let known: JSON = [
        "trigger": .object(full),
        "job": ["name": .string(job.name), "description": .string(job.description ?? "")],
        "firing": ["id": "drun_preview", "time": .string(now.description)],
        // As for a job that has not run yet.
        "last": ["success": .null, "failure": .null],
        "previous": job.previous(job.scheduledTime(before: now, trigger: trigger.id), trigger: trigger.id),
      ]
      if let key = trigger.key { line.key = try Template.renderPlain(key, context: known).text }
      line.prompt = try Template.render(job.message, context: known).text
    } catch {
      line.starts = false
      line.reason = "It would fail to start: \(error)"
    }
    return line
  }

  private static func kind(
    of source: Source, among kinds: [any SourceKind.Type], _ secrets: Secrets
  ) throws -> any SourceKind {
    guard let kind = kinds.first(where: { $0.name == source.kind }) else {
      throw HookRefusal.misconfigured(
        source: source.name, problem: "its kind \(source.kind) is not known here.")
    }
    var settings: JSON.Object = [:]
    let isSecret = Set(
      kind.shape.fields.filter { if case .secret = $0.type { true } else { false } }.map(\.name))
    for name in source.settings.objectValue?.keys ?? [] where isSecret.contains(name) {
      settings[name] = .string(StandardWebhooks.newSecret())
    }
    settings.merge(try secrets.resolve(source.settings(besides: isSecret)).objectValue ?? [:])
    return try kind.init(settings: .object(settings))
  }

  package var json: JSON {
    [
      "type": reading?.type.map { .string($0) } ?? .null,
      "actor": reading.map { ["name": .string($0.actor.name), "lane": .string($0.actor.lane.rawValue)] }
        ?? .null,
      "dedupe_key": reading.map { .string($0.dedupeKey) } ?? .null, "handshake": .bool(reading == nil),
      "jobs": .array(
        lines.map { line in
          [
            "job": .string(line.job), "trigger": .string(line.trigger), "starts": .bool(line.starts),
            "key": .optional(line.key), "prompt": .optional(line.prompt), "reason": .optional(line.reason),
          ]
        }),
    ]
  }
}
