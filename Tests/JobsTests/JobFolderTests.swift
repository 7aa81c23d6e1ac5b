import Catalog
import Foundation
import JSON
import Reading
import Testing

@testable import Jobs

@Suite("A folder of job files")
struct JobFolderTests {
  @Test func `a gallery becomes a bundle with everything it names`() throws {
    let bundle = try Gallery(Gallery.files()).load()
    #expect(bundle.agents == [["model": "m", "name": "writer"]])
    #expect(bundle.environments == [["description": "d", "name": "bench"]])
    #expect(bundle.sources == [["kind": "generic", "secret": "${env:DESK_SECRET}", "name": "desk"]])
    #expect(bundle.jobs.count == 1)
    #expect(
      bundle.jobs[0].files == [
        "prompt.md": Array("Write it. {{job.name}}\n".utf8), "rubric.md": Array("Good.\n".utf8),
        "log/a.txt": Array("a".utf8), "log/deep/b.txt": Array("b".utf8),
      ])
    #expect(bundle.jobs[0].rehearsal == nil)
  }

  @Test func `one job's folder brings what it refers to, and nobody else's faults`() throws {
    let gallery = try Gallery(Gallery.files())
    try gallery.write("agents/other.yaml", "model: [")
    try gallery.write("agents/third.yaml", "model: m")
    try gallery.write("lunch/job.yaml", "nonsense")
    for path in ["/brief", "/brief/", "/brief/job.yaml"] {
      let bundle = try gallery.load(path)
      #expect(bundle.agents.map { $0["name"] } == ["writer"])
      #expect(bundle.sources.count == 1)
      #expect(bundle.jobs.count == 1)
    }
    #expect(gallery.problems().count == 2)
  }

  @Test func `several problems are told at once, in the order of the files`() throws {
    var files = Gallery.files(
      job: """
        name: Brief
        agnet: writer
        environment: bnech
        triggers:
          - schedule: "0 25 * * *"
          - schedule: "0 7 * * *"
            timezone: Europe/Londn
          - webhook: dsek
        input: {message: promt.md}
        limits: {timout: 30m, attempts: three, timeout: 30}
        """)
    files["agents/writer.yaml"] = "model: m\ntools: all\n"
    let problems = try Gallery(files).problems()
    #expect(
      problems == [
        #"agents/writer.yaml:2:8: tools: Expected a list, found "all"."#,
        #"brief/job.yaml:1:1: "agent" is missing from a job. Add it."#,
        #"brief/job.yaml:1:7: name: Expected lower-case letters, digits, "-" and "_", beginning with a letter or digit, found "Brief"."#,
        #"brief/job.yaml:2:1: agnet: "agnet" is no field of a job. Did you mean "agent"? It has: name, description, agent, environment, triggers, overlap, expires, input, outcome, limits, callbacks."#,
        #"brief/job.yaml:3:14: environment: There is no environment named "bnech". Did you mean "bench"? There is: bench. Define it in environments/bnech.yaml beside the job's folder."#,
        #"brief/job.yaml:5:18: triggers[0].schedule: Found "25" in the hour field at offset 2, expected a number from 0 to 23."#,
        #"brief/job.yaml:7:15: triggers[1].timezone: There is no time zone "Europe/Londn" on this system: did you mean Europe/London?"#,
        #"brief/job.yaml:8:14: triggers[2].webhook: There is no source named "dsek". Did you mean "desk"? There is: desk. Define it in sources/dsek.yaml beside the job's folder."#,
        #"brief/job.yaml:9:18: input.message: There is no file "promt.md" beside job.yaml. Did you mean "prompt.md"?"#,
        #"brief/job.yaml:10:10: limits.timout: "timout" is no field of the limits. Did you mean "timeout"? It has: timeout, deadline, attempts, concurrency."#,
        #"brief/job.yaml:10:33: limits.attempts: Expected a whole number from 1 to 20, found "three"."#,
        #"brief/job.yaml:10:49: limits.timeout: Expected a duration such as "90s", "30m", "2h", "1d" or "1h30m", found 30. For seconds write "30s"."#,
      ])
  }

  @Test(arguments: [
    (
      "cron: \"0 7 * * *\"",
      #""cron" is no field of a job. Times stand in a trigger, triggers: [{schedule: "0 7 * * MON-FRI", timezone: Europe/London}]."#
    ),
    ("schedule: \"0 7 * * *\"", "Times stand in a trigger, triggers: [{schedule: "),
    (
      "message: prompt.md",
      #""message" is no field of a job. It stands in the input, input: {message: prompt.md}."#
    ),
    ("timeout: 30m", "It stands in the limits, limits: {timeout: …}."),
    ("rubric: rubric.md", "It stands in the outcome."),
    (
      "triggers: {schedule: \"0 7 * * *\"}",
      #"Expected a list of triggers, found an object. Write each between brackets, or below the line after a dash: triggers: [{schedule: "0 7 * * MON-FRI", timezone: Europe/London}]."#
    ),
  ])
  func `what stands in the wrong place is told where it belongs`(line: String, sentence: String) throws {
    let job = "name: brief\nagent: writer\nenvironment: bench\ninput: {message: prompt.md}\n\(line)\n"
    let problems = try Gallery(Gallery.files(job: job)).problems()
    #expect(problems.count == 1, "\(problems)")
    #expect(problems.first?.contains(sentence) == true, "\(problems)")
    #expect(problems.first?.hasPrefix("brief/job.yaml:5:") == true, "\(problems)")
  }

  @Test func `what a secret makes of a setting is judged without showing it`() throws {
    let secrets = Secrets(environment: [
      "BRIEFS_DIR": "/b", "CALLBACK_URL": "nowhere", "CALLBACK_SECRET": "s", "DESK_SECRET": "d",
    ])
    #expect(
      try Gallery(Gallery.files()).problems(secrets: secrets) == [
        #"brief/job.yaml:20:20: callbacks[1].webhook.url: Expected an address. Found "${env:CALLBACK_URL}"."#
      ])
  }

  @Test func `an event type that nobody sends is warned of in its place`() throws {
    var kinds = Gallery.kinds
    kinds.sources[0].eventTypes = ["rang"]
    kinds.unknownTypes = { match, known in
      match["type"]?[0] == .string(known[0])
        ? [] : [Problem(FieldPath.root.key("type").index(0), "Nobody sends that.")]
    }
    let gallery = try Gallery(
      Gallery.files(job: Gallery.job.replacing("    name: asked\n", with: "    match: {type: [rnag]}\n")))
    #expect(
      try gallery.load(kinds: kinds).warnings.map { $0.description.replacing(gallery.path + "/", with: "") }
        == [
          "brief/job.yaml:8:20: triggers[1].match.type[0]: Nobody sends that."
        ])
    try gallery.write(
      "brief/job.yaml", Gallery.job.replacing("    name: asked\n", with: "    match: {type: [rang]}\n"))
    #expect(try gallery.load(kinds: kinds).warnings.isEmpty)
  }

  @Test func `a file whose content has another name is told with that name`() throws {
    var files = Gallery.files()
    files["agents/writer.yaml"] = "name: author\nmodel: m\n"
    files["environments/bench.yml"] = "name: table\n"
    files["environments/bench.yaml"] = nil
    files["sources/desk.yaml"] = "name: post\nkind: generic\nsecret: ${env:DESK_SECRET}\n"
    let gallery = try Gallery(files)
    let problems = [
      #"agent: agents/writer.yaml has the name "author" in it. Refer to it by that, or take that name out of the file."#,
      #"environment: environments/bench.yml has the name "table" in it. Refer to it by that, or take that name out of the file."#,
      #"triggers[1].webhook: sources/desk.yaml has the name "post" in it. Refer to it by that, or take that name out of the file."#,
    ]
    for path in ["", "/brief"] {
      let found = gallery.problems(path)
      #expect(found.count == 3)
      for (problem, sentence) in zip(found, problems) { #expect(problem.hasSuffix(sentence), "\(problem)") }
    }
  }

  @Test func `definitions in JSON are warned of, because nobody reads them`() throws {
    let gallery = try Gallery(Gallery.files())
    try gallery.write("agents/other.json", "{}")
    try gallery.write("agents/README.md", "Agents.")
    #expect(
      try gallery.load().warnings.map { $0.description.replacing(gallery.path + "/", with: "") } == [
        "agents/other.json: This file is not read: only those that end in .yaml or .yml are. JSON is YAML, so rename it."
      ])
  }

  @Test(arguments: ["run_01abc", "file_1", "apikey_0", "depl_1"])
  func `a job is not named like an id of something else`(name: String) throws {
    let job = Gallery.job.replacing("name: brief\n", with: "name: \(name)\n")
    let word = name.prefix { $0 != "_" }
    #expect(
      try Gallery(Gallery.files(job: job)).problems() == [
        #"brief/job.yaml:1:7: name: Ids begin with "\#(word)_" and a digit, so nobody could ask for a job of this name. Take another, such as "\#(name.replacing("_", with: "-"))"."#
      ])
  }

  @Test(arguments: ["running_late", "run", "files_of_today", "run_tests"])
  func `a name that only looks a little like an id is none`(name: String) throws {
    let job = Gallery.job.replacing("name: brief\n", with: "name: \(name)\n")
    #expect(try Gallery(Gallery.files(job: job)).problems().isEmpty)
  }

  /// One change of the right job file, and the sentence for it.
  static let faults: [(change: (String, String), sentence: String)] = [
    (
      ("name: brief\n", "name: brief\nname: brief\n"),
      #"brief/job.yaml:1:1: The key "name" stands in the same object twice. Keep one."#
    ),
    (
      ("  - webhook: desk\n    name: asked\n", "  - webhook: desk\n  - webhook: desk\n"),
      #"brief/job.yaml:8:5: triggers[2]: The trigger "webhook-a5eaf767" is there already, at triggers[1]. Give one of them another "name"."#
    ),
    (
      ("  - webhook: desk\n    name: asked\n", "  - webhok: desk\n"),
      #"brief/job.yaml:7:5: triggers[1].webhok: "webhok" is no field of a trigger. Did you mean "webhook"? It has: schedule, every, at, timezone, dst, phase, start, end, exclude, jitter, catch_up, starts, pause_after_failures, name, webhook, match, lanes, key, repeat, window."#
    ),
    (
      ("  - webhook: desk\n    name: asked\n", "  - name: asked\n"),
      #"brief/job.yaml:7:5: triggers[1]: A trigger needs "schedule", "every", "at" or "webhook"."#
    ),
    (
      ("  - webhook: desk\n", "  - webhook: desk\n    schedule: '* * * * *'\n"),
      #"brief/job.yaml:7:5: triggers[1]: A trigger has either times or "webhook". Make two triggers of this one."#
    ),
    (
      ("message: prompt.md", "message: ../rubric.md"),
      #"brief/job.yaml:10:12: input.message: Expected a path inside the folder of job.yaml, such as notes/today.md, without ".." and "/" at its ends, found "../rubric.md"."#
    ),
    (
      ("path: log,", "path: /etc,"),
      #"brief/job.yaml:11:18: input.files[0].path: Expected a path inside the folder of job.yaml, such as notes/today.md, without ".." and "/" at its ends, found "/etc"."#
    ),
    (
      ("mount: /mnt/session/uploads/log", "mount: /mnt/session/outputs/log"),
      #"brief/job.yaml:11:30: input.files[0].mount: Expected a path below /mnt/session/uploads, without "..", found "/mnt/session/outputs/log"."#
    ),
    (
      ("files: [{path: log, mount: /mnt/session/uploads/log}]", "files: [{path: log}, {path: log/a.txt}]"),
      #"brief/job.yaml:11:31: input.files[1].path: Two files would be at /mnt/session/uploads/log/a.txt in the sandbox. Give one another "mount"."#
    ),
    (
      (
        "files: [{path: log, mount: /mnt/session/uploads/log}]",
        "files: [{path: log/a.txt, mount: /mnt/session/uploads/x}, {path: log/deep/b.txt, mount: /mnt/session/uploads/x/y}]"
      ),
      #"brief/job.yaml:11:68: input.files[1].path: /mnt/session/uploads/x/y in the sandbox cannot be beside the file /mnt/session/uploads/x: one lies inside the other. Give one another "mount"."#
    ),
    (
      ("  description: A brief.\n", ""),
      #"brief/job.yaml:13:3: outcome: "description" is missing from an outcome. Add it."#
    ),
    (
      ("max_iterations: 5", "max_iterations: 21"),
      "brief/job.yaml:16:19: outcome.max_iterations: Expected a whole number from 1 to 20, found 21."
    ),
    (
      ("run: \"test -f brief.md\"", "run: true"),
      "brief/job.yaml:15:31: outcome.checks[0].run: Expected a text, found true. Put it between quotes."
    ),
    (
      ("deadline: 2h", "deadline: 10m"),
      "brief/job.yaml:17:34: limits.deadline: The deadline (10m) counts waiting too, so it cannot be shorter than the timeout (30m)."
    ),
    (
      ("concurrency: 1}", "concurrency: 0}"),
      "brief/job.yaml:17:64: limits.concurrency: Expected a whole number from 1 to 100, found 0."
    ),
    (
      ("- directory:", "- directroy:"),
      #"brief/job.yaml:19:5: callbacks[0].directroy: "directroy" is no field of a callback. Did you mean "directory"? It has: directory, webhook."#
    ),
    (
      ("secret: \"${env:CALLBACK_SECRET}\"", "secret: hunter2"),
      "brief/job.yaml:20:51: callbacks[1].webhook.secret: A secret must not stand in a file. Put it into an environment variable of the server and write ${env:NAME} here, or into a file of the server's and write ${file:/path}."
    ),
    (
      ("\"${env:CALLBACK_URL}\"", "\"https://${evn:HOST}/\""),
      #"brief/job.yaml:20:20: callbacks[1].webhook.url: "${evn:HOST}" is no reference. Write ${env:NAME} for an environment variable, or ${file:/path} for a file's content."#
    ),
    (
      ("[succeeded, failed]", "[succeded]"),
      #"brief/job.yaml:20:86: callbacks[1].webhook.states[0]: Runs do not end "succeded". Did you mean "succeeded"? They end: succeeded, unsatisfied, failed, cancelled, timed_out, capped."#
    ),
    (
      ("states: [succeeded, failed]", "tries: 9"),
      "brief/job.yaml:20:14: callbacks[1].webhook: Nine tries are bad luck."
    ),
    (
      ("url: \"${env:CALLBACK_URL}\"", "url: nowhere"),
      "brief/job.yaml:20:20: callbacks[1].webhook.url: Expected an address. Found \"nowhere\"."
    ),
    (
      ("states: [succeeded, failed]", "patience: long"),
      #"brief/job.yaml:20:87: callbacks[1].webhook.patience: Expected a duration such as "90s", "30m", "2h", "1d" or "1h30m", found "long"."#
    ),
    (
      ("outcome:\n", "outcome\n"),
      "brief/job.yaml:13:14: This is no YAML: could not find expected ':' while scanning a simple key that began in line 12."
    ),
    (
      ("  rubric: rubric.md", "\trubric: rubric.md"),
      "brief/job.yaml:14:1: This is no YAML: found a tab character that violates indentation while scanning a plain scalar that began in line 13. YAML wants spaces, not tabs, at the beginning of a line."
    ),
  ]

  @Test func `checks alone may decide an outcome, and one of the two has to`() throws {
    let checked = Gallery.job.replacing("  rubric: rubric.md\n", with: "")
    let bundle = try Gallery(Gallery.files(job: checked)).load()
    let outcome = try #require(try bundle.checked(kinds: nil).jobs.first?.outcome)
    #expect(outcome.rubric == nil)
    // What the agent is told, and the wire shows.
    #expect(
      outcome.criteria
        == "Each of these checks passes. They are commands that are run here once you have finished.\n- there"
    )
    for nothing in ["", "  checks: []\n"] {
      let neither = checked.replacing(
        "  checks: [{name: there, run: \"test -f brief.md\"}]\n", with: nothing)
      #expect(
        try Gallery(Gallery.files(job: neither)).problems() == [
          #"brief/job.yaml:13:3: outcome: An outcome needs "rubric", the file by which a grader judges the result, or "checks", commands that must exit 0; it may have both."#
        ])
    }
  }

  @Test(arguments: [
    (
      "input:\n  message: prompt.md\n  files: [{path: log, mount: /mnt/session/uploads/log}]",
      "input: prompt.md",
      #"input: Expected an object with the fields of the input, such as {message: prompt.md}, found "prompt.md". It has: message, files, repositories."#
    ),
    (
      "files: [{path: log, mount: /mnt/session/uploads/log}]", "files: [log]",
      #"input.files[0]: Expected an object with the fields of an input file, such as {path: activity}, found "log". It has: path, mount."#
    ),
    (
      "[{name: there, run: \"test -f brief.md\"}]", "[test -f brief.md]",
      #"outcome.checks[0]: Expected an object with the fields of a check, such as {name: it is there, run: test -s /mnt/session/outputs/brief.md}, found "test -f brief.md". It has: name, run."#
    ),
    (
      "- webhook: desk\n    name: asked", "- desk",
      #"triggers[1]: Expected a trigger: {schedule: "0 7 * * MON-FRI", timezone: Europe/London}, {every: 15m}, {at: "2026-12-31T23:00"} or {webhook: github}. Found "desk"."#
    ),
    (
      "- directory: {path: \"${env:BRIEFS_DIR}\"}", "- directory",
      #"callbacks[0]: Expected an object with the kind of callback as its one key, such as {directory: {path: …}}, found "directory". The kinds are: directory, webhook."#
    ),
    (
      "states: [succeeded, failed]", "states: failed",
      #"callbacks[1].webhook.states: Expected a list of texts, found "failed". Write ["failed"]."#
    ),
    (
      "timezone: Europe/London", "catch_up: [all]",
      #"triggers[0].catch_up: Expected "none", "latest" or "all", or {policy: all, window: 6h, limit: 10}; found a list."#
    ),
  ])
  func `what has another form is told the form`(old: String, new: String, sentence: String) throws {
    let indented = old.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n")
    #expect(Gallery.job.contains(indented), "\(indented)")
    let job = Gallery.job.replacing(indented, with: new)
    let problems = try Gallery(Gallery.files(job: job)).problems()
    #expect(problems.count == 1, "\(problems)")
    #expect(problems.first?.hasSuffix(": " + sentence) == true, "\(problems)")
  }

  @Test(arguments: faults.indices)
  func `a fault in a job file is told with its place`(index: Int) throws {
    let (change, sentence) = JobFolderTests.faults[index]
    #expect(Gallery.job.contains(change.0))
    let job = Gallery.job.replacingOccurrences(of: change.0, with: change.1)
    let problems = try Gallery(Gallery.files(job: job)).problems()
    #expect(problems == [sentence])
  }

  @Test(arguments: [
    (
      "rubric.md", " \n\n",
      "brief/job.yaml:14:11: outcome.rubric: rubric.md is empty. Write the rubric into it."
    ),
    ("prompt.md", "", "brief/job.yaml:10:12: input.message: prompt.md is empty. Write the prompt into it."),
    (
      "prompt.md", "Hi\n{{trigger.body",
      #"brief/job.yaml:10:12: input.message: prompt.md, line 2: A "{{" has no "}}"."#
    ),
    (
      "prompt.md", "{{triger.body}}",
      #"brief/job.yaml:10:12: input.message: prompt.md, line 1: There is no "triger.body". Did you mean "trigger"? There is: trigger, job, firing, previous, last."#
    ),
    (
      "rehearsal.yaml", "turns: []",
      "brief/rehearsal.yaml:1:8: turns: A rehearsal needs at least one turn."
    ),
    (
      "rehearsal.yaml", "turns:\n  - tools: [{name: bash}]\n    dealy: 1s",
      #"brief/rehearsal.yaml:2:13: turns[0].tools[0]: "input" is missing from a tool call. Add it."#
        + "\n"
        + #"brief/rehearsal.yaml:3:5: turns[0].dealy: "dealy" is no field of a turn. Did you mean "delay"? It has: text, thinking, tools, delay."#
    ),
  ])
  func `a fault in a file beside it is told at its name`(file: String, text: String, sentence: String) throws
  {
    var files = Gallery.files()
    files["brief/\(file)"] = text
    let problems = try Gallery(files).problems()
    #expect(problems.joined(separator: "\n") == sentence)
  }

  @Test func `a link out of the job's folder is refused, one inside is followed`() throws {
    let gallery = try Gallery(Gallery.files())
    try gallery.link("brief/log/hosts", to: "/etc/hosts")
    #expect(
      gallery.problems() == [
        "brief/job.yaml:11:18: input.files[0].path: log/hosts leads out of the job's folder, to /etc/hosts. Copy what the job needs into its folder."
      ])
    try FileManager.default.removeItem(atPath: gallery.path + "/brief/log/hosts")
    try gallery.link("brief/log/c.txt", to: "a.txt")
    #expect(gallery.problems().isEmpty)
    try gallery.link("brief/log/round", to: ".")
    #expect(gallery.problems().contains { $0.contains("lies more than 16 folders deep") })
  }

  @Test func `an empty directory and a pipe are no input`() throws {
    let gallery = try Gallery(
      Gallery.files(job: Gallery.job.replacingOccurrences(of: "path: log,", with: "path: empty,")))
    try FileManager.default.createDirectory(
      atPath: gallery.path + "/brief/empty", withIntermediateDirectories: false)
    #expect(
      gallery.problems() == [
        #"brief/job.yaml:11:18: input.files[0].path: There is no file in "empty"; hidden ones do not count."#
      ])
    #expect(mkfifo(gallery.path + "/brief/empty/pipe", 0o600) == 0)
    #expect(
      gallery.problems() == [
        "brief/job.yaml:11:18: input.files[0].path: empty/pipe cannot be read: it is no regular file."
      ])
  }

  @Test func `secrets are looked for only when asked`() throws {
    let gallery = try Gallery(Gallery.files())
    #expect(gallery.problems().isEmpty)
    let secrets = Secrets(environment: ["DESK_SECRET": "s", "CALLBACK_URL": "u", "CALLBACK_SECRET": "s"])
    #expect(
      gallery.problems(secrets: secrets) == [
        "brief/job.yaml:19:23: callbacks[0].directory.path: The environment variable BRIEFS_DIR is not set. Set it for the server and start that again."
      ])
  }

  @Test func `what is no folder of jobs is named`() throws {
    let gallery = try Gallery(["notes.txt": "x"])
    #expect(
      gallery.problems("/none") == ["none cannot be read: there is nothing of that name."])
    #expect(
      gallery.problems("/notes.txt") == ["notes.txt cannot be read: it is neither a folder nor a job.yaml."])
    #expect(
      gallery.problems()[0].hasSuffix(
        "holds no job: neither a job.yaml, nor folders with one. Give a job's folder, or one that has jobs, agents/, environments/ and sources/ in it."
      ))
  }

  @Test func `two things of one name are refused`() throws {
    var files = Gallery.files()
    files["agents/second.yaml"] = "name: writer\nmodel: m"
    files["lunch/job.yaml"] = Gallery.job
    files["lunch/prompt.md"] = "x"
    files["lunch/rubric.md"] = "x"
    files["lunch/log/a"] = "x"
    let gallery = try Gallery(files)
    #expect(
      gallery.problems().map { $0.replacing(gallery.path + "/", with: "") } == [
        #"agents/writer.yaml:1:1: name: There are two agents named "writer", also in agents/second.yaml. Rename one."#,
        #"lunch/job.yaml:1:7: name: There are two jobs named "brief", also in brief/job.yaml. Rename one."#,
      ])
  }
}
