import JSON
package import Reading

/// What callbacks carry: `result.json` of a directory, and the body that a webhook is sent. What ends up in `data` is
/// put together in `Runs.result`.
package enum ResultShape {
  typealias Field = ObjectShape.Field

  private static let time = ValueShape.schema(["type": "string", "format": "date-time"])
  private static let count = ValueShape.whole(0...Int(Int32.max))

  private static func always(_ name: String, _ value: ValueShape, _ about: String) -> Field {
    Field(name, value, about, isRequired: true)
  }

  private static let states = Run.State.allCases.filter(\.isTerminal).map(\.rawValue)

  static let trigger = ObjectShape(
    [
      always("kind", .choice(["schedule", "webhook", "manual", "backfill"]), "What kind of trigger fired."),
      always("id", .text(1...256), "The trigger; manual for a start by hand."),
    ], grows: true)

  static let outcome = ObjectShape(
    [
      always(
        "result", .text(1...64),
        "satisfied, max_iterations_reached, failed or interrupted, once it is decided."),
      always("iterations", count, "How many evaluations there were."),
      always("explanation", .orNull(.text(0...100_000)), "The latest evaluation's."),
    ], grows: true)

  static let file = ObjectShape(
    [
      always("id", .text(1...128), "Its content is at GET /v1/files/ID/content."),
      always("filename", .text(1...4096), "Its path below /mnt/session/outputs."),
      always("mime_type", .text(1...256), "Guessed from its name and content."),
      always("size_bytes", .whole(0...Int.max), "In bytes."),
      Field("metadata", .map(.any), "Of a bundle of commits: its repository and commits."),
    ], grows: true)

  static let data = ObjectShape(
    [
      always("run_id", .text(1...128), "The run."), always("job", .text(1...256), "The job's name."),
      always("state", .choice(states), "How it ended."),
      always("reason", .orNull(.text(0...100_000)), "Why, in a sentence."),
      always("firing_id", .text(1...128), "The firing that started it."),
      always("session_id", .text(1...128), "The session of its last attempt."),
      always("attempt", count, "Which attempt that was, from 1."),
      always("trigger", .object(trigger), "What started it."),
      always("message", .orNull(.text(0...100_000)), "The agent's last message."),
      always("outcome", .orNull(.object(outcome)), "What its outcome came to; null without one."),
      always("files", .list(.object(file), atMost: 10_000), "What the agent left in /mnt/session/outputs."),
      always("usage", .map(.any), "Tokens of all of its model requests, by kind."),
      always("created_at", time, "When it was made."),
      always("started_at", .orNull(time), "When its agent began; null when it never did."),
      always("ended_at", time, "When it ended."),
    ], grows: true)

  package static let result = ObjectShape(
    [
      always("type", .choice(states.map { "run.\($0)" }), "How the run ended."),
      always("timestamp", time, "When it ended."), always("data", .object(data), "The result."),
    ], grows: true)
}
