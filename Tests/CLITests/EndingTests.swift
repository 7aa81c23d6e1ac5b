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
    let problem = PlacedProblem(file: "job.yaml", line: 2, column: 1, "No.")
    #expect(
      Ending(JobsError.invalid([problem]))?.sentence == "1 problem in the job files:\njob.yaml:2:1: No.")
    #expect(Ending(HTTPClientError.refused(host: "x:1"))?.code == .unreachable)
    #expect(Ending(CancellationError())?.code == .interrupted)
  }

  @Test func `a misspelt command is named, with those there are`() {
    let complaint = #expect(throws: Complaint.self) { try Errand.checkCommand("rnu") }
    #expect(
      complaint?.description.hasPrefix("There is no command “rnu”. The commands are serve, try,") == true)
    #expect(complaint?.exitCode == .usage)
    for word in ["run", "--help", "help", nil] {
      #expect(throws: Never.self) { try Errand.checkCommand(word) }
    }
  }

  @Test func `the parser ends what is the parser's`() {
    let error = #expect(throws: (any Error).self) { try Errand.parseAsRoot(["runs", "--limit", "0"]) }
    #expect(error.flatMap { Ending($0) } == nil)
  }
}
