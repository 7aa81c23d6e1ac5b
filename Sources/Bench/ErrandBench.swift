import ArgumentParser

/// Measures Errand, and kills it for a living.
@main
struct ErrandBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "errand-bench",
    abstract: "Measure Errand on this machine, and kill it at random moments.",
    discussion: """
      EXAMPLES
        errand-bench path                 what a webhook costs, from request to run
        errand-bench wire                 what the wire API adds to a model's turn, and how many may listen
        errand-bench flood                signed webhooks beside slow uploads by strangers
        errand-bench queue                what a durable item of the queue costs, beside the bare database
        errand-bench match                what it costs to find the jobs that an event starts
        errand-bench schedules            a million schedules: start-up, memory, lateness
        errand-bench crash --kills 500    kill the server 500 times; nothing may be lost or doubled
      """,
    subcommands: [
      PathCommand.self, WireCommand.self, FloodCommand.self, QueueCommand.self, MatchCommand.self,
      SchedulesBenchCommand.self, CrashCommand.self,
    ])
}
