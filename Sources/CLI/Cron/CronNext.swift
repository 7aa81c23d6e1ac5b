import ArgumentParser
import Cron
import JSON
import Primitives

/// `errand cron next`
struct CronNext: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "next", abstract: "List the next times of an expression.",
    discussion: """
      With --batch, reads cases from standard input, one JSON object a line, and answers each with one line: \
      {"next": [...]} or {"error": {"class", "field", "offset", "message"}}. A case has "expr" and may have "tz", \
      "start", "count", "dst" (once or cron, literal or wall) and "name"; what it leaves out is taken from the options. \
      A line of spaces and tabs alone is passed over; every other one has its answer, in order.

      With --json, one document: {"expression", "timezone", "dst", "next": [...], "warnings": [...]}, or {"error": …} \
      as above and the exit code \(ExitCodes.badInput.rawValue).

      EXAMPLES:
        errand cron next '0 7 * * MON-FRI' --tz Europe/Riga --count 3
        errand cron next 'H H * * *' --name daily-brief
        echo '{"expr": "30 2 * * *", "tz": "Europe/Berlin"}' | errand cron next --batch
      """)

  @Argument(help: "The expression, between quotes.")
  var expression: String?
  @Flag(help: "Read cases from standard input, one JSON object a line.")
  var batch = false
  @Flag(help: "Print one JSON document and nothing else.")
  var json = false
  @Option(
    help: ArgumentHelp(
      "The times after this one: 2026-11-12T07:00:00Z, or without an offset as the zone's clocks show it. (default: now)",
      valueName: "time"))
  var from: String?
  @Option(help: "How many times, at most 10000.")
  var count = CronCase.standardCount
  @OptionGroup var options: CronOptions

  func validate() throws {
    if batch == (expression != nil) {
      throw ValidationError(
        batch ? "--batch takes its expressions from standard input." : "Give an expression.")
    }
    if batch && json { throw ValidationError("--batch answers in JSON by itself. Leave out --json.") }
    if !CronCase.countRange.contains(count) {
      throw ValidationError("--count must be a number from 1 to 10000; it is \(count).")
    }
  }

  func run() throws {
    let standard = CronCase(
      expression: expression ?? "", zone: options.tz, start: from, count: count, dst: options.dst,
      name: options.name)
    if batch {
      try CronBatch(standard: standard).run()
      return
    }
    if json {
      do {
        Say.output(try document(standard).shownText)
      } catch {
        Say.output(CronAnswer.error(error).shownText)
        throw ExitCode(ExitCodes.badInput.rawValue)
      }
      return
    }
    let times = try standard.times(now: Time.system.now().seconds)
    if times.isEmpty { Say.notice("It does not fire again.") }
    if !times.isEmpty { Say.output(times.joined(separator: "\n")) }
    for warning in try options.schedule(expression ?? "").expression.warnings {
      Say.notice("warning: \(warning)")
    }
  }

  private func document(_ question: CronCase) throws -> JSON {
    let schedule = try options.schedule(question.expression)
    return [
      "expression": .string(question.expression), "timezone": .string(schedule.zone.name),
      "dst": .string(schedule.dst.rawValue),
      "next": .array(try question.times(now: Time.system.now().seconds).map { .string($0) }),
      "warnings": .array(schedule.expression.warnings.map(\.json)),
    ]
  }
}
