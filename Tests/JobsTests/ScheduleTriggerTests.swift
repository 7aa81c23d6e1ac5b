import Cron
import JSON
import Primitives
import Testing

@testable import Jobs

/// What job files say about times.
@Suite struct ScheduleTriggerTests {
  private static func job(_ trigger: String) -> String {
    """
    name: brief
    agent: writer
    environment: bench
    triggers:
      - \(trigger)
    input: {message: prompt.md}

    """
  }

  private static func files(_ trigger: String) -> [String: String] {
    var files = Gallery.files(job: job(trigger))
    files["brief/holidays.ics"] = """
      BEGIN:VCALENDAR
      BEGIN:VEVENT
      DTSTART;VALUE=DATE:20261225
      RRULE:FREQ=YEARLY
      SUMMARY:Christmas Day
      END:VEVENT
      END:VCALENDAR
      """
    files["brief/monthly.ics"] = """
      BEGIN:VCALENDAR
      BEGIN:VEVENT
      DTSTART;VALUE=DATE:20260131
      RRULE:FREQ=MONTHLY;BYMONTHDAY=-1
      END:VEVENT
      BEGIN:VEVENT
      DTSTART;VALUE=DATE:20260112
      RRULE:FREQ=MONTHLY;INTERVAL=3;BYDAY=2MO
      END:VEVENT
      END:VCALENDAR
      """
    files["brief/broken.ics"] =
      "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261225\nEXDATE:1\nEND:VEVENT\nEND:VCALENDAR"
    return files
  }

  private static func spec(_ trigger: String) throws -> ScheduleSpec? {
    let bundle = try Gallery(files(trigger)).load()
    let read = try bundle.checked(kinds: nil, known: Names()).jobs.first?.triggers.first
    guard case .schedule(let spec)? = read?.kind else { return nil }
    // What is stored is what was read.
    #expect(ScheduleSpec(json: spec.json) == spec)
    return spec
  }

  @Test func `a period has a phase`() throws {
    let spec = try #require(try Self.spec("{every: 15m, phase: 90s}"))
    #expect(spec.times == .every(900, phase: 90))
    #expect(spec.words == "every 15m from 1m30s")
  }

  @Test func `moments are read with an offset, or in the trigger's zone`() throws {
    let spec = try #require(
      try Self.spec(#"{at: ["2026-11-12T07:00:00+02:00", "2026-06-01T07:00"], timezone: Europe/London}"#))
    let expected = ["2026-06-01T06:00:00Z", "2026-11-12T05:00:00Z"].map { Timestamp($0)!.seconds }
    #expect(spec.times == .at(expected))
    #expect(spec.words == "at 2026-06-01T06:00:00Z and 1 more")
  }

  @Test func `bounds, days off, jitter and catch-up are read`() throws {
    let spec = try #require(
      try Self.spec(
        #"{schedule: "0 7 * * *", timezone: Europe/London, dst: literal, start: "2026-01-01", end: "2026-06-30", exclude: ["2026-05-01", holidays.ics], jitter: 30s, catch_up: {policy: all, window: 2h, limit: 5}}"#
      ))
    #expect(spec.dst == .literal)
    #expect(spec.start == Timestamp("2026-01-01T00:00:00Z")!.seconds)
    // To the end of that day, in summer time.
    #expect(spec.end == Timestamp("2026-06-30T22:59:59Z")!.seconds)
    #expect(spec.exclusions.map(\.name) == ["2026-05-01", "Christmas Day"])
    #expect(spec.jitter == .seconds(30))
    #expect(spec.catchUp == CatchUp(.all, window: .seconds(7200), limit: 5))
  }

  @Test func `a calendar's monthly rules are stored as they are read`() throws {
    let spec = try #require(try Self.spec("{every: 1h, exclude: [monthly.ics]}"))
    #expect(
      spec.exclusions.map(\.recurrence) == [
        .monthly(every: 1, day: -1), .monthlyWeekday(every: 3, nth: 2, weekday: 1),
      ])
  }

  @Test func `a plain schedule is stored as it always was`() {
    let trigger = Trigger(.schedule(expression: "0 7 * * *", timezone: "Europe/London"))
    #expect(
      trigger.json == ["id": .string(trigger.id), "schedule": "0 7 * * *", "timezone": "Europe/London"])
    #expect(Trigger(json: trigger.json) == trigger)
  }

  @Test func `policies do not make another trigger, times do`() {
    var spec = ScheduleSpec(.every(60, phase: 0))
    let id = Trigger(.schedule(spec)).id
    spec.jitter = .seconds(5)
    spec.catchUp = CatchUp(.none)
    #expect(Trigger(.schedule(spec)).id == id)
    spec.times = .every(60, phase: 1)
    #expect(Trigger(.schedule(spec)).id != id)
  }

  @Test(arguments: ["0 0 H(30-31) 4 *", "0 0 H(29-31) 2 *"])
  func `whether H names a day is asked with the job's own name`(expression: String) throws {
    func isRight(_ name: String) -> Bool { (try? CronExpression(expression, name: name)) != nil }
    let names = (1...50).map { "job-\($0)" }
    let right = try #require(names.first(where: isRight))
    let wrong = try #require(names.first { !isRight($0) })
    func problems(_ name: String) throws -> [String] {
      let text = Self.job("{schedule: \"\(expression)\"}").replacing("name: brief", with: "name: \(name)")
      return try Gallery(Gallery.files(job: text)).problems()
    }
    #expect(try problems(right) == [])
    let told = try problems(wrong)
    #expect(
      told.count == 1 && told.first?.hasPrefix("brief/job.yaml:5:21: triggers[0].schedule: ") == true,
      "\(told)")
    // A name that is none makes no second problem.
    #expect(try problems("No!").count == (isRight("job") ? 1 : 2))
  }

  @Test func `a step that is too large for its field is warned of, in its place`() throws {
    let gallery = try Gallery(Gallery.files(job: Self.job("{schedule: \"*/90 * * * *\"}")))
    let warnings = try gallery.load().warnings.map { $0.description.replacing(gallery.path + "/", with: "") }
    #expect(
      warnings == [
        "brief/job.yaml:5:19: triggers[0].schedule: The step 90 in the minute field at offset 2 is as large as its span of 60 values or larger, so only the first value is selected."
      ])
  }

  @Test(
    arguments: [
      ("{every: 15m, schedule: \"* * * * *\"}", "A trigger has one of"),
      ("{every: 1500ms}", "Expected whole seconds, found"),
      ("{every: 15m, phase: 15m}", "The phase must be shorter than the period, 15m."),
      ("{schedule: \"* * * * *\", phase: 5m}", "\"phase\" goes with \"every\" only."),
      ("{every: 15m, dst: literal}", "\"dst\" goes with \"schedule\" only."),
      ("{at: \"2026-12-31\"}", "Expected a time in whole seconds such as"),
      ("{at: []}", "Name at least one time."),
      ("{every: 1h, start: \"2026-06-01\", end: \"2026-05-01\"}", "The end lies before the start."),
      (
        "{schedule: \"0 7 1 1 *\", start: \"2026-02-01\", end: \"2026-11-01\"}",
        "No time of the schedule lies between"
      ),
      ("{at: \"2026-12-25T07:00\", exclude: [\"2026-12-25\"]}", "The schedule never starts anything"),
      ("{every: 1h, exclude: [soon]}", "Expected a date such as \"2026-12-25\", or a calendar file"),
      ("{every: 1h, exclude: [missing.ics]}", "There is no file \"missing.ics\" beside job.yaml."),
      (
        "{every: 1h, exclude: [broken.ics]}",
        "broken.ics, line 4: “1” is no date (20261225) or time (20261225T070000)."
      ),
      ("{every: 1h, catch_up: some}", "Expected \"none\", \"latest\" or \"all\""),
      ("{every: 1h, catch_up: {limit: 0}}", "Expected a whole number from 1 to 1000, found 0."),
      ("{every: 1h, jitter: 25h}", "Expected a duration from"),
      ("{every: 1h, tz: UTC}", "\"tz\" is no field of a schedule trigger. Did you mean \"timezone\"?"),
      ("{cron: \"0 7 * * *\"}", "\"cron\" is no field of a trigger. Did you mean \"schedule\"?"),
      ("{evry: 1h}", "\"evry\" is no field of a trigger. Did you mean \"every\"?"),
    ])
  func `a fault is told with its place`(trigger: String, sentence: String) throws {
    let problems = try Gallery(Self.files(trigger)).problems()
    #expect(problems.count == 1, "\(problems)")
    #expect(problems.first?.contains(sentence) == true, "\(problems)")
    #expect(problems.first?.hasPrefix("brief/job.yaml:5:") == true, "\(problems)")
  }
}
