import ArgumentParser
import HTTPClient
import Jobs
import Testing

@testable import CLI

@Suite struct EndingTests {
  @Test(arguments: [
    (400, ExitCodes.badInput), (401, .noKey), (403, .noKey), (404, .notFound), (409, .failed),
    (413, .badInput),
    (429, .tryAgain), (500, .failed), (503, .tryAgain),
  ])
  func `a refusal ends with a code that scripts can use`(status: Int, code: ExitCodes) {
    let ending = Ending(Complaint.refused(status: status, message: "No."))
    #expect(ending?.code == code)
    #expect(ending?.sentence == "No.")
    #expect((ending?.hint != nil) == (status == 401))
  }

  @Test(
    arguments: [
      ("succeeded", ExitCodes.done), ("failed", .runFailed), ("unsatisfied", .runUnsatisfied),
      ("cancelled", .runCancelled), ("timed_out", .runTimedOut), ("capped", .runCapped), ("running", nil),
      ("waiting", nil), ("queued", nil),
    ] as [(String, ExitCodes?)])
  func `how a run ended is the code of those who waited`(state: String, code: ExitCodes?) {
    #expect(ExitCodes.ofRun(state: state) == code)
  }

  @Test func `errors of other domains have their codes too`() {
    #expect(Ending(JobsError.nothing(path: "x"))?.code == .badInput)
    #expect(Ending(JobsError.unreadable(path: "x", reason: "r"))?.code == .notFound)
    #expect(Ending(JobsError.notFound(kind: "source", name: "x", nearest: nil))?.code == .notFound)
    let problem = PlacedProblem(file: "job.yaml", line: 2, column: 1, "No.")
    #expect(
      Ending(JobsError.invalid([problem]))?.sentence == "1 problem in the job files:\njob.yaml:2:1: No.")
    #expect(Ending(HTTPClientError.refused(host: "x:1"))?.code == .unreachable)
    #expect(Ending(CancellationError())?.code == .interrupted)
  }

  @Test func `a misspelt command is named, with those there are`() {
    for words in [["rnu"], ["help", "rnu"]] {
      let complaint = #expect(throws: Complaint.self) { try Errand.checkCommand(words) }
      #expect(
        complaint?.description.hasPrefix(
          "There is no command “rnu”. Did you mean “run”? The commands are serve, try,") == true)
      #expect(complaint?.exitCode == .usage)
    }
    let nested = #expect(throws: Complaint.self) { try Errand.checkCommand(["help", "hooks", "tets"]) }
    #expect(
      nested?.description
        == "There is no command “hooks tets”. Did you mean “test”? The commands are test, verify, receipts, replay."
    )
    #expect(throws: Complaint.self) { try Errand.checkCommand(["deliveries", "retyr", "dlv_1"]) }
    #expect(nested?.hint == "errand hooks --help says what each does")
  }

  @Test(arguments: [
    (["agents", "help"], "errand agents --help says what each does"),
    (["agents", "delete", "agent_1"], "agents are archived: errand agents archive ID"),
    (["sessions", "stop", "sesn_1"], "errand sessions --help says what each does"),
    (["hooks", "help"], "errand hooks --help says what each does"),
  ])
  func `a group of commands says which it has when it is asked for another`(words: [String], hint: String) {
    let complaint = #expect(throws: Complaint.self) { try Errand.checkCommand(words) }
    #expect(
      complaint?.description.hasPrefix("There is no command “\(words[0]) \(words[1])”.") == true)
    #expect(complaint?.description.contains(" The commands are ") == true)
    #expect(complaint?.hint == hint)
  }

  @Test(arguments: [
    ["run", "daily-brief"], ["--help"], ["help"], ["help", "hooks", "test"], ["hooks", "--help"], [],
    ["deliveries", "--state", "dead"], ["hooks", "test", "file"], ["sessions", "interrupt", "sesn_1"],
    ["sessions", "resources", "sesn_1"], ["deliveries", "retry", "dlv_1"],
  ])
  func `commands that there are, are left to the parser`(words: [String]) {
    #expect(throws: Never.self) { try Errand.checkCommand(words) }
  }

  @Test func `the parser's errors begin as all do`() {
    let error = #expect(throws: (any Error).self) { try Errand.parseAsRoot(["show"]) }
    #expect(error.flatMap { Errand.parserWords($0) }?.hasPrefix("Missing expected argument '<id>'") == true)
    let help = #expect(throws: (any Error).self) {
      var command = try Errand.parseAsRoot(["--help"])
      try command.run()
    }
    #expect(help.flatMap { Errand.parserWords($0) } == nil)
  }

  @Test(arguments: [
    (
      "note",
      "“note” is no id of a run or a session. If it is a job, `errand runs --job note` and `errand firings --job note` list what it started."
    ),
    ("drun_1", "drun_1 is the id of a firing, not of a run or a session. `errand show drun_1` says more."),
    (
      "sevt_1",
      "sevt_1 is the id of an event, not of a run or a session. `errand logs` of its run or session shows what happened there."
    ),
    ("apikey_1", "apikey_1 is the id of a key, not of a run or a session. `errand keys` lists all of them."),
  ])
  func `an id of something else is told what it is`(id: String, sentence: String) {
    let complaint = Complaint.wrongThing(id: id, kind: ThingKind(id: id), wanted: "a run or a session")
    #expect(complaint.description == sentence)
    #expect(complaint.exitCode == .notFound)
  }

  @Test func `the parser ends what is the parser's`() {
    let error = #expect(throws: (any Error).self) { try Errand.parseAsRoot(["runs", "--limit", "0"]) }
    #expect(error.flatMap { Ending($0) } == nil)
  }
}
