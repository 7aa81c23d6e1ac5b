import ArgumentParser
import JSON
import Primitives

/// `errand schedules`
struct SchedulesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedules", abstract: "List when jobs are due next; pause, unpause or skip them.",
    discussion: """
      EXAMPLES:
        errand schedules
        errand schedules pause daily-brief --reason 'holidays'
        errand schedules skip daily-brief
        errand schedules unskip daily-brief
        errand schedules at daily-brief 2026-11-12T07:00:00Z
      """,
    subcommands: [
      ListSchedules.self, PauseSchedules.self, UnpauseSchedules.self, SkipSchedule.self,
      UnskipSchedule.self, AccountOfSchedule.self,
    ], defaultSubcommand: ListSchedules.self)
}

/// The schedules that a command means.
struct ScheduleChoice: ParsableArguments {
  @Argument(help: "The job's name.")
  var job: String
  @Option(help: "Only this trigger of the job.")
  var trigger: String?

  /// - Throws: `Complaint` when there is none.
  func schedules(on server: Server) async throws -> [JSON] {
    let all =
      try await server.get(["v1", "schedules"], [("job", job), ("limit", "1000")])["data"]?.arrayValue ?? []
    let chosen = all.filter { trigger == nil || $0["trigger"]?.stringValue == trigger }
    if chosen.isEmpty {
      let known = all.compactMap { $0["trigger"]?.stringValue }
      throw Complaint.refused(
        status: 404,
        message: known.isEmpty
          ? "There is no job \(job) with a schedule."
          : "Job \(job) has no schedule \(trigger ?? ""). It has \(known.joined(separator: ", ")).")
    }
    return chosen
  }
}

/// Who does it, and why.
struct DeedOptions: ParsableArguments {
  @Option(help: "Why, for whoever looks later.")
  var reason: String?
  @Option(help: "Who. (default: $USER)")
  var by: String?

  var body: JSON {
    var body: JSON.Object = [
      "by": .string(by ?? ProcessEnvironment.all["USER"] ?? "somebody at a command line")
    ]
    if let reason { body["reason"] = .string(reason) }
    return .object(body)
  }
}

struct PauseSchedules: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Start nothing by a job's schedules until they are unpaused.",
    discussion: """
      Starts by hand go on. What comes meanwhile is skipped, and the ledger says why.

      EXAMPLES:
        errand schedules pause daily-brief --reason 'the source is being moved'
        errand schedules pause daily-brief --trigger weekend
      """)

  @OptionGroup var choice: ScheduleChoice
  @OptionGroup var deed: DeedOptions
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    for schedule in try await choice.schedules(on: server) {
      let id = schedule["id"]?.stringValue ?? ""
      if let pause = schedule["paused"], !pause.isNull {
        // The first word counts, and nobody should believe that theirs does.
        let by = pause["by"]?.stringValue ?? "somebody"
        let reason = (pause["reason"]?.stringValue ?? "").asSentence
        Say.output(
          "\(ScheduleWords.name(schedule)) is paused already by \(by): \(reason) That stays; unpause it "
            + "first to give another reason.")
        continue
      }
      let paused = try await server.post(["v1", "schedules", id, "pause"], deed.body)
      Say.output(
        "\(ScheduleWords.name(paused)) is paused by \(paused["paused"]?["by"]?.stringValue ?? "somebody").")
    }
  }
}

struct UnpauseSchedules: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unpause", abstract: "Let a job's schedules go on with their next times.",
    discussion: """
      What came during the pause is not made up for; `errand backfill` does that.

      EXAMPLES:
        errand schedules unpause daily-brief
      """)

  @OptionGroup var choice: ScheduleChoice
  @OptionGroup var deed: DeedOptions
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    for schedule in try await choice.schedules(on: server) {
      let id = schedule["id"]?.stringValue ?? ""
      let active = try await server.post(["v1", "schedules", id, "unpause"], deed.body)
      Say.output("\(ScheduleWords.name(active)) goes on: next \(ScheduleWords.next(active)).")
    }
  }
}

struct SkipSchedule: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "skip", abstract: "Leave out the next time of a job.",
    discussion: """
      Without --trigger the schedule that is due first. Asked again, the time after that is left out too. \
      `errand schedules` lists what will be left out, and `errand schedules unskip` takes it back.

      EXAMPLES:
        errand schedules skip daily-brief --reason 'public holiday'
      """)

  @OptionGroup var choice: ScheduleChoice
  @OptionGroup var deed: DeedOptions
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let schedules = try await choice.schedules(on: server)
    // Those without a next time come last; the server says why nothing can be skipped.
    let first = schedules.min { ($0["next_at"]?.stringValue ?? "~") < ($1["next_at"]?.stringValue ?? "~") }
    let id = first?["id"]?.stringValue ?? ""
    let skipped = try await server.post(["v1", "schedules", id, "skip"], deed.body)
    let time = TimeWords.full(
      skipped["skipped_at"]?.stringValue, in: skipped["timezone"]?.stringValue)
    Say.output("\(ScheduleWords.name(skipped)) skips \(time); next \(ScheduleWords.next(skipped)).")
  }
}

struct UnskipSchedule: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unskip", abstract: "Start a time of a job after all that was to be left out.",
    discussion: """
      The time may be left out when there is only one.

      EXAMPLES:
        errand schedules unskip daily-brief --reason 'the holiday is next week'
        errand schedules unskip daily-brief 2026-11-12T07:00:00Z
      """)

  @OptionGroup var choice: ScheduleChoice
  @Argument(help: "The time; without an offset from UTC as the schedule's clocks show it.")
  var time: String?
  @OptionGroup var deed: DeedOptions
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let schedules = try await choice.schedules(on: server)
    // Of several schedules the one that skips something; the server says so when none does.
    let skipping = schedules.filter { $0["skips"]?.arrayValue?.isEmpty == false }
    if skipping.count > 1 {
      let names = skipping.compactMap { $0["trigger"]?.stringValue }.joined(separator: ", ")
      throw Complaint.setUp(
        "Several schedules of \(choice.job) have times to skip: \(names). Name one with --trigger.")
    }
    let id = (skipping.first ?? schedules.first)?["id"]?.stringValue ?? ""
    var body = deed.body.objectValue ?? [:]
    if let time { body["at"] = .string(time) }
    let after = try await server.post(["v1", "schedules", id, "unskip"], .object(body))
    let started = TimeWords.full(
      after["unskipped_at"]?.stringValue, in: after["timezone"]?.stringValue)
    Say.output("\(ScheduleWords.name(after)) skips \(started) no more; next \(ScheduleWords.next(after)).")
  }
}

struct AccountOfSchedule: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "at", abstract: "Say what was decided about a time of a job's schedules.",
    discussion: """
      EXAMPLES:
        errand schedules at daily-brief 2026-11-12T07:00:00Z
      """)

  @OptionGroup var choice: ScheduleChoice
  @Argument(help: "The time; without an offset from UTC as the schedule's clocks show it.")
  var time: String
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    for schedule in try await choice.schedules(on: server) {
      let id = schedule["id"]?.stringValue ?? ""
      let shown = try await server.get(["v1", "schedules", id], [("at", time)])
      let told = TimeWords.local(
        shown["account"]?["reason"]?.stringValue ?? "", in: shown["timezone"]?.stringValue)
      Say.output("\(ScheduleWords.name(shown)): \(told)")
    }
  }
}
