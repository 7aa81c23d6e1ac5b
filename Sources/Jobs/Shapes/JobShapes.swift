import Catalog
import Cron
package import Reading
import Sessions

/// What a job's file may say. The kinds of callbacks say for themselves what theirs may, see `KindShape`.
package enum JobShapes {
  typealias Field = ObjectShape.Field

  /// Of a job, a source or a trigger.
  static let name = ValueShape.pattern("^[a-z0-9][a-z0-9_-]{0,63}$")
  /// What names a file or folder beside job.yaml.
  static let path = ValueShape.text(1...512)

  // MARK: Triggers

  static let catchUpWords = CatchUp.Policy.allCases.map(\.rawValue)

  static let catchUp = ObjectShape(
    [
      Field(
        "policy", .choice(catchUpWords), "Which of the times that passed start a run; latest by default."),
      Field("window", .duration, "Older times are missed; 1d by default."),
      Field("limit", .whole(CatchUp.limitRange), "The most that all makes up for; 100 by default."),
    ], example: "{policy: all, window: 6h}")

  private static let moment = ValueShape.pattern(
    #"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(\.0+)?([Zz]|[+-][0-9]{2}:[0-9]{2})?)?$"#)

  static let schedule = ObjectShape(
    [
      Field("schedule", .text(1...1000), "A cron expression of five fields, or six with seconds first."),
      Field("every", .duration, "A period, counted from 1970."),
      Field(
        "at", .anyOf([moment, .list(moment, atMost: JobReader.listLimit)]),
        "One moment or a list of them; without an offset on the clocks of timezone."),
      Field("timezone", .text(1...64), "An IANA name, such as Europe/London; UTC by default."),
      Field(
        "dst", .choice(DSTRule.allCases.map(\.rawValue)),
        "once: a time that a clock change repeats counts once; literal: as the clocks show."),
      Field("phase", .duration, "With every: how far its times are moved."),
      Field("start", moment, "The first moment or day."), Field("end", moment, "The last moment or day."),
      Field(
        "exclude", .list(.text(1...1000), atMost: JobReader.listLimit),
        "Days such as 2026-12-25, and calendar files (.ics) beside job.yaml."),
      Field("jitter", .duration, "Starts are spread so far after their times."),
      Field(
        "catch_up", .anyOf([.choice(catchUpWords), .object(catchUp)]),
        "What becomes of times that passed while nothing ran; latest by default."),
      Field("starts", .whole(1...1_000_000), "After so many starts it rests."),
      Field("pause_after_failures", .whole(1...1000), "After so many failures in a row it is paused."),
      Field("name", name, "Its id in the ledger and in commands; made of its times by default."),
    ], needsOneOf: JobReader.timeKeys, example: "{schedule: \"0 7 * * MON-FRI\", timezone: Europe/London}")

  static let webhook = ObjectShape(
    [
      Field("webhook", .text(1...64), "The name of a source of sources/.", isRequired: true),
      Field("name", name, "Its id in the ledger; made of its source by default."),
      Field(
        "match", .map(.any),
        "The fields that must fit: type, source, actor, text, headers, body. A list fits when one of its values does."
      ),
      Field(
        "lanes", .list(.choice(Lane.allCases.map(\.rawValue)), atMost: Lane.allCases.count),
        "Who may start it; owner and member by default."),
      Field("key", .text(1...1000), "A template: at most one run at a time has what comes out."),
      Field(
        "repeat", .choice(RepeatPolicy.allCases.map(\.rawValue)),
        "With key, while such a run has not ended; reject by default."),
      Field("window", .duration, "With repeat: coalesce: firings gather so long, 1s to 1h."),
    ], example: "{webhook: github}")

  // MARK: Input

  static let file = ObjectShape(
    [
      Field("path", path, "A file or folder beside job.yaml.", isRequired: true),
      Field(
        "mount", .pattern("^\(JobReader.uploads)/."),
        "Where it is in the sandbox; \(JobReader.uploads)/PATH by default."),
    ], example: "{path: activity}")

  static let checkout = ObjectShape(
    [
      Field("branch", .text(1...1024), "A branch; may be a template."),
      Field("commit", .text(1...1024), "A commit's 40 digits; may be a template."),
    ], needsOneOf: ["branch", "commit"], example: "{branch: main}")

  static let repository = ObjectShape(
    [
      Field("url", .text(1...2048), "Where it is cloned from; may be a template.", isRequired: true),
      Field(
        "checkout", .anyOf([.text(1...1024), .object(checkout)]),
        "A branch, or a branch or commit by name; the branch of its HEAD by default."),
      Field("mount", .text(1...1024), "A folder below /workspace; /workspace/NAME by default."),
      Field("token", .secret, "A reference such as ${env:GITHUB_TOKEN}; it never enters the sandbox."),
      Field(
        "hosts", .list(.text(1...255), atMost: 20), "Hosts that may be sent the token; the url's by default."),
      Field("depth", .whole(0...JobReader.deepest), "Commits of history, 0 for all; 1 by default."),
    ], example: "{url: \"https://github.com/octo/app\"}")

  static let input = ObjectShape(
    [
      Field("message", path, "The file with the prompt, a template.", isRequired: true),
      Field(
        "files", .list(.object(file), atMost: JobReader.fileLimit), "Files that the sandbox shows read-only."),
      Field(
        "repositories", .list(.object(repository), atMost: JobReader.repositoryLimit),
        "Repositories that are cloned into the sandbox."),
    ], example: "{message: prompt.md}")

  // MARK: Outcome and limits

  static let check = ObjectShape(
    [
      Field("name", .text(1...100), "What it looks for.", isRequired: true),
      Field("run", .text(1...10_000), "A command that must exit 0.", isRequired: true),
    ], example: "{name: it is there, run: test -s /mnt/session/outputs/brief.md}")

  static let outcome = ObjectShape(
    [
      Field("description", .text(1...10_000), "What is wanted.", isRequired: true),
      Field("rubric", path, "The file by which a grader judges it; without one the checks alone decide."),
      Field(
        "checks", .list(.object(check), atMost: 20), "Commands that must exit 0 before the grader is asked."),
      Field(
        "max_iterations", .whole(1...Outcome.maximumIterations),
        "How often there is an evaluation; 3 by default."),
    ], needsOneOf: ["rubric", "checks"], example: "{description: A brief., rubric: rubric.md}")

  static let limits = ObjectShape(
    [
      Field("timeout", .duration, "Running time, waiting not counted; 30m by default."),
      Field("deadline", .duration, "Time from the firing to the end, waiting counted; 2h by default."),
      Field("attempts", .whole(Limits.attemptRange), "Sessions that a run may use up; 3 by default."),
      Field(
        "concurrency", .whole(Limits.concurrencyRange),
        "Runs of the job that work at once; others are queued. 1 by default."),
    ], example: "{timeout: 30m}")

  // MARK: The job

  /// - Parameter callbacks: what the kinds of callbacks may say.
  package static func job(callbacks: [KindShape]) -> ObjectShape {
    let kinds = callbacks.map { kind in
      let states = Field(
        "states", .list(.choice(Callback.endStates), atMost: Callback.endStates.count),
        "The ends that it wants to hear of; all by default.")
      let shape = ObjectShape([states] + kind.fields.map(\.field))
      return ValueShape.object(ObjectShape([Field(kind.name, .object(shape), "", isRequired: true)]))
    }
    return ObjectShape(
      [
        Field("name", name, "Small letters, digits, - and _.", isRequired: true),
        Field("description", .text(1...2048), "A sentence for lists."),
        Field("agent", .text(1...256), "The name in a file of agents/, or an id.", isRequired: true),
        Field(
          "environment", .text(1...256), "The name in a file of environments/, or an id.", isRequired: true),
        Field(
          "triggers", .list(.anyOf([.object(schedule), .object(webhook)]), atMost: 50),
          "What starts it: times and webhooks. Without any it is started by hand."),
        Field(
          "overlap", .choice(Overlap.allCases.map(\.rawValue)),
          "What becomes of a start by time or by hand while an earlier one has not ended."),
        Field("expires", .duration, "A start that could not begin so long after its time is missed."),
        Field("input", .object(input), "What the agent is given.", isRequired: true),
        Field("outcome", .object(outcome), "When the result is good enough."),
        Field("limits", .object(limits), "What bounds its runs."),
        Field("callbacks", .list(.anyOf(kinds), atMost: 20), "Where the result goes."),
      ])
  }

  /// - Parameter kinds: what the kinds of sources may say.
  package static func source(kinds: [KindShape]) -> ValueShape {
    .anyOf(
      kinds.map { kind in
        .object(
          ObjectShape(
            [
              Field("name", name, "By default the file's name; the address is /hooks/NAME."),
              Field("kind", .choice([kind.name]), "Who calls.", isRequired: true),
            ] + kind.fields.map(\.field)))
      })
  }
}

extension FieldShape {
  var field: ObjectShape.Field {
    var about = about
    if case .secret = type, about.isEmpty {
      about = "A reference, ${env:NAME} or ${file:/path}; the secret itself never stands in a file."
    }
    return ObjectShape.Field(name, value, about, isRequired: isRequired)
  }

  private var value: ValueShape {
    switch type {
    case .text: .text(1...4096)
    case .whole(let range): .whole(range)
    case .flag: .flag
    case .choice(let words): .choice(words)
    case .duration: .duration
    case .texts: .list(.text(1...1000), atMost: 100)
    case .ids: .list(.any, atMost: 100)
    case .object: inside.map(ValueShape.object) ?? .map(.any)
    case .secret: .secret
    }
  }
}
