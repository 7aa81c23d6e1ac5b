import Catalog
import Git
import JSON
import Primitives
import Store
import TestSupport
import Testing

@testable import Jobs

/// What is right in job files, and will come to nothing where and when they are to run.
@Suite struct PrecautionsTests {
  private static let now = Timestamp("2026-12-01T12:00:00Z")!

  private static func surroundings(
    _ environment: [String: String] = ["BRIEFS_DIR": "/b", "CALLBACK_URL": "https://a.example/"],
    local: [String] = [], rehearses: Bool = false
  ) -> Surroundings {
    var environment = environment
    environment["CALLBACK_SECRET"] = environment["CALLBACK_SECRET"] ?? "s"
    environment["DESK_SECRET"] = environment["DESK_SECRET"] ?? "d"
    return Surroundings(
      secrets: Secrets(environment: environment), local: LocalRepositories(below: local), rehearses: rehearses
    )
  }

  private static func warnings(
    _ files: [String: String], _ surroundings: Surroundings = surroundings()
  ) throws -> [String] {
    let gallery = try Gallery(files)
    let bundle = try gallery.load()
    let checked = try bundle.checked(kinds: Gallery.kinds, surroundings: surroundings, now: now)
    return (checked.warnings + checked.precautions).map {
      bundle.places.placed($0).description.replacing(gallery.path + "/", with: "")
    }
  }

  private static func job(triggers: String, input: String = "{message: prompt.md}") -> [String: String] {
    Gallery.files(
      job: "name: brief\nagent: writer\nenvironment: bench\ntriggers:\n  - \(triggers)\ninput: \(input)\n")
  }

  @Test func `a job that has all it needs is not warned of`() throws {
    #expect(try Self.warnings(Gallery.files()) == [])
  }

  @Test func `a prompt that needs an earlier run is warned of`() throws {
    var files = Gallery.files()
    files["brief/prompt.md"] = "Go on.\nLast time: {{last.success.message}}\n"
    #expect(
      try Self.warnings(files).map { $0.drop { $0 != " " } } == [
        " input.message: prompt.md, line 2: There is no \"last.success.message\" before a run of the job has succeeded. Put what needs it into a section, {{#last.success}} … {{/last.success}}, which is left out until then. Without it the job's first run cannot start."
      ])
  }

  @Test func `secrets that are not set are warned of in their places`() throws {
    #expect(
      try Self.warnings(Gallery.files(), Self.surroundings(["CALLBACK_URL": "nowhere", "DESK_SECRET": ""]))
        == [
          "sources/desk.yaml:2:9: secret: The environment variable DESK_SECRET is not set. Set it for the server and start that again.",
          "brief/job.yaml:19:23: callbacks[0].directory.path: The environment variable BRIEFS_DIR is not set. Set it for the server and start that again.",
          #"brief/job.yaml:20:20: callbacks[1].webhook.url: Expected an address. Found "${env:CALLBACK_URL}"."#,
        ])
  }

  @Test func `a server that is started without the secrets of what was applied before says so`() async throws
  {
    try await JobsStore.with { store in
      _ = try await store.apply(Gallery.files())
      func missing(_ environment: [String: String], besides roots: [String] = []) async throws -> [String] {
        let jobs = Jobs(
          database: store.database, files: store.files, agents: store.agents,
          environments: Environments(time: store.clock.time),
          kinds: Gallery.kinds, surroundings: Self.surroundings(environment))
        return try await store.database.read { tx in try jobs.missingSecrets(tx, besides: roots) }
      }
      let all = ["BRIEFS_DIR": "/b", "CALLBACK_URL": "https://a.example/"]
      #expect(try await missing(all) == [])
      var less = all
      less["CALLBACK_SECRET"] = ""
      less["DESK_SECRET"] = ""
      #expect(
        try await missing(less) == [
          "The job brief: callbacks[1].webhook.secret: The environment variable CALLBACK_SECRET is not set. Set it for the server and start that again.",
          "The source desk: secret: The environment variable DESK_SECRET is not set. Set it for the server and start that again.",
        ])
      // Files that are read here tell it with their places.
      #expect(try await missing(less, besides: [Jobs.applied]) == [])
    }
  }

  @Test func `a repository's token that is not set is warned of too`() throws {
    let input =
      #"{message: prompt.md, repositories: [{url: "https://github.com/o/a", token: "${env:TOKEN}"}]}"#
    #expect(
      try Self.warnings(Self.job(triggers: "{every: 1h}", input: input)).map {
        $0.contains("TOKEN is not set")
      } == [
        true
      ])
  }

  @Test(arguments: [([], 1), (["/srv/git"], 0), (["/srv/other"], 1)] as [([String], Int)])
  func `a repository on this machine is warned of unless its folder is allowed`(
    local: [String], count: Int
  ) throws {
    let input = #"{message: prompt.md, repositories: [{url: "file:///srv/git/app"}]}"#
    let found = try Self.warnings(
      Self.job(triggers: "{every: 1h}", input: input), Self.surroundings(local: local))
    #expect(found.count == count)
    for warning in found {
      #expect(warning.hasPrefix("brief/job.yaml:6:"), "\(warning)")
      #expect(warning.contains("ERRAND_LOCAL_REPOSITORIES"), "\(warning)")
    }
  }

  @Test(arguments: [
    (
      #"{at: "2026-11-30T07:00:00Z"}"#,
      "triggers[0].at: 2026-11-30T07:00:00Z lies in the past: nothing starts then any more."
    ),
    (
      #"{at: ["2026-11-30T07:00:00Z", "2027-01-01T07:00:00Z"]}"#,
      "triggers[0].at: 1 of its 2 times lie in the past, the first at 2026-11-30T07:00:00Z: nothing starts then any more."
    ),
    (
      #"{at: ["2026-11-30T07:00:00Z", "2026-11-29T07:00:00Z"]}"#,
      "triggers[0].at: All of its 2 times lie in the past, the first at 2026-11-29T07:00:00Z: nothing starts then any more."
    ),
    (
      #"{schedule: "0 7 * * *", end: "2026-11-01"}"#,
      "triggers[0].end: The schedule names no time from now on, so it starts nothing any more. It ended at 2026-11-01T23:59:59Z."
    ),
    (
      #"{schedule: "* * * * * *"}"#,
      "triggers[0].schedule: Of six fields the first is the second: this names every second of each minute that the others name. Write 0 in its place, or leave it out."
    ),
    (
      #"{schedule: "*/1 0 7 * * *"}"#,
      "triggers[0].schedule: Of six fields the first is the second: this names every second of each minute that the others name. Write 0 in its place, or leave it out."
    ),
  ])
  func `times that are over, or come every second, are warned of`(trigger: String, sentence: String) throws {
    let found = try Self.warnings(Self.job(triggers: trigger))
    #expect(found.count == 1)
    #expect(found.first?.hasSuffix(sentence) == true, "\(found)")
    #expect(found.first?.hasPrefix("brief/job.yaml:5:") == true, "\(found)")
  }

  @Test(arguments: [
    #"{schedule: "0 * * * * *"}"#, #"{schedule: "*/5 * * * * *"}"#, #"{schedule: "* * * * *"}"#,
    "{every: 1s}",
    #"{at: "2027-01-01T07:00:00Z"}"#, #"{schedule: "0 7 * * *", end: "2027-11-01"}"#,
  ])
  func `times that are to come are not`(trigger: String) throws {
    #expect(try Self.warnings(Self.job(triggers: trigger)) == [])
  }

  // MARK: Rehearsals

  @Test func `a job without a rehearsal is warned of where jobs are rehearsed`() throws {
    let found = try Self.warnings(Gallery.files(), Self.surroundings(rehearses: true))
    #expect(found.count == 1)
    #expect(
      found.first?.hasPrefix("brief/job.yaml:1:1: There is no rehearsal.yaml beside job.yaml") == true,
      "\(found)")
  }

  @Test(
    arguments: [
      ("", "has no verdict of its grader"), ("evaluations: []\n", "has no verdict of its grader"),
      (
        "evaluations: [{result: needs_revision, explanation: e}]\n",
        "No verdict of the rehearsal ends the outcome: 1 of up to 5 evaluations want a revision"
      ),
      ("evaluations: [{result: needs_revision, explanation: e}, {result: satisfied, explanation: e}]\n", nil),
      ("evaluations: [{result: failed, explanation: e}]\n", nil),
    ] as [(String, String?)])
  func `verdicts that a rehearsal lacks are told before it is played`(evaluations: String, words: String?)
    throws
  {
    var files = Gallery.files()
    files["brief/rehearsal.yaml"] = "turns: [{text: a}]\n" + evaluations
    let found = try Self.warnings(files)
    #expect(found.count == (words == nil ? 0 : 1), "\(found)")
    if let words { #expect(found.first?.contains(words) == true, "\(found)") }
    #expect(found.allSatisfy { $0.hasPrefix("brief/rehearsal.yaml:") })
    // Without a rubric nobody is asked for a verdict.
    files["brief/job.yaml"] = Gallery.job.replacing("  rubric: rubric.md\n", with: "")
    #expect(try Self.warnings(files) == [])
  }
}
