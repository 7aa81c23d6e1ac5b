import ArgumentParser
import Cron
import Primitives

extension DSTRule: ExpressibleByArgument {
  package init?(argument: String) { self.init(word: argument) }
}

/// `errand cron`
struct CronCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cron", abstract: "Ask what cron expressions mean, without a server.",
    discussion: """
      EXAMPLES:
        errand cron next '0 7 * * MON-FRI' --tz Europe/Riga
        errand cron explain '30 2 * * *' --tz Europe/Berlin
        errand cron check /etc/crontab
        errand cron next --batch < cases.jsonl
      """, subcommands: [CronNext.self, CronExplain.self, CronCheck.self])
}

/// What goes with an expression on the command line.
struct CronOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The zone whose clocks it follows.", valueName: "zone"))
  var tz = "UTC"
  @Option(
    help: "Clock changes: once fires fixed times once, literal follows the clock.")
  var dst = DSTRule.once
  @Option(help: ArgumentHelp("What H is computed from: the job's name.", valueName: "name"))
  var name: String?

  func schedule(_ text: String) throws -> CronSchedule {
    CronSchedule(
      expression: try CronExpression(text, name: name), zone: try Zone.named(tz), dst: dst)
  }
}
