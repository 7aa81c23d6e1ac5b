import ArgumentParser
import Cron
import JSON
import Primitives

/// `errand cron explain`
struct CronExplain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Say in plain English when an expression fires.",
    discussion: """
      With --json, one document: {"expression", "timezone", "dst", "explanation", "warnings": [...], "next": [...]}, \
      or {"error": {"class", "field", "offset", "message"}} and the exit code \(ExitCodes.badInput.rawValue).

      EXAMPLES:
        errand cron explain '0 0 13 * 5'
        errand cron explain '30 2 * * *' --tz Europe/Berlin
        errand cron explain '*/90 * * * *' --json | jq -r '.warnings[].message'
      """)

  /// So many of the next times are in the document.
  private static let times = 5

  @Argument(help: "The expression, between quotes.")
  var expression: String
  @Flag(help: "Print one JSON document and nothing else.")
  var json = false
  @OptionGroup var options: CronOptions

  func run() throws {
    let now = Time.system.now().seconds
    if json {
      do {
        Say.output(try document(now: now).shownText)
      } catch {
        Say.output(CronAnswer.error(error).shownText)
        throw ExitCode(ExitCodes.badInput.rawValue)
      }
      return
    }
    let schedule = try options.schedule(expression)
    Say.output(schedule.expression.explanation(zone: schedule.zone, dst: schedule.dst, now: now))
    for warning in schedule.expression.warnings { Say.notice("warning: \(warning)") }
  }

  private func document(now: Int64) throws -> JSON {
    let schedule = try options.schedule(expression)
    let next = schedule.occurrences(after: now).prefix(CronExplain.times)
    return [
      "expression": .string(expression), "timezone": .string(schedule.zone.name),
      "dst": .string(schedule.dst.rawValue),
      "explanation": .string(
        schedule.expression.explanation(zone: schedule.zone, dst: schedule.dst, now: now)),
      "warnings": .array(schedule.expression.warnings.map(\.json)),
      "next": .array(next.map { .string(schedule.zone.local(at: $0).description) }),
    ]
  }
}
