import ArgumentParser
import FileSystem
import Glibc
import JSON
import Jobs
import Primitives

/// `errand run`
struct StartRun: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Start a job now.",
    discussion: """
      Prints the run's id. With --wait it also tells the story as it happens, and the exit code says how it ended.

      EXAMPLES:
        errand run daily-brief
        errand run daily-brief --wait && cat /srv/briefs/*/brief.md
        errand run triage --input '{"issue": 412}' --once issue-412
      """)

  @Argument(help: "The job's name.")
  var job: String
  @Option(
    help: ArgumentHelp(
      "What its prompt sees as trigger.body: JSON, or @FILE with JSON in it.", valueName: "json|@file"))
  var input: String?
  @Option(
    help: ArgumentHelp(
      "Start it once only: later requests with the same key, 1 to 255 characters, answer with the first one's run.",
      valueName: "key"))
  var once: String?
  @Option(
    help: ArgumentHelp(
      "About runs that have not ended, instead of the job's overlap: skip, buffer_one, buffer_all, cancel_other, terminate_other or allow_all.",
      valueName: "policy"))
  var overlap: String?
  @Flag(help: "Wait until it has ended.")
  var wait = false
  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func validate() throws { try Choice("overlap", Overlap.allCases.map(\.rawValue)).check(overlap) }

  func run() async throws {
    let server = try server.server()
    var body: JSON.Object = ["job": .string(job)]
    if let input { body["input"] = try StartRun.read(input) }
    if let overlap { body["overlap"] = .string(overlap) }
    let headers = once.map { [(name: "idempotency-key", value: $0)] } ?? []
    var run: JSON
    do {
      run = try await server.post(["v1", "runs"], .object(body), headers: headers)
    } catch Complaint.refused(400, let message) where input == nil {
      guard let example = StartRun.example(of: message) else {
        throw Complaint.refused(status: 400, message: message)
      }
      throw Complaint.needsInput(message: message, job: job, example: example)
    }
    if run["type"]?.stringValue == "firing" {
      guard wait else { return held(run) }
      run = try await started(run, on: server)
    }
    let id = run["id"]?.stringValue ?? ""
    guard wait else {
      Say.output(json ? run.shownText : id)
      if !json { Say.notice(Terminal.errors.paint("follow it: errand logs -f \(id)", .quiet)) }
      return
    }
    // Whatever becomes of the waiting, the run has its id.
    if !json { Say.notice(id) }
    try await wait(for: id, on: server)
  }

  /// The input that a job asks for first which cannot start without, as JSON with a place for the value; nil when it was
  /// something else that kept it from starting.
  static func example(of message: String) -> String? {
    guard let start = message.firstRange(of: "There is no \"trigger.body") else { return nil }
    let words = message[start.upperBound...].prefix { $0 != "\"" }.split(separator: ".")
    var example = "…"
    for word in words.reversed() { example = "{\"\(word)\": \(example)}" }
    return example
  }

  /// It waits for its turn: there is a firing, and no run yet.
  private func held(_ firing: JSON) {
    let id = firing["id"]?.stringValue ?? ""
    Say.output(json ? firing.shownText : id)
    if json { return }
    Say.notice((firing["reason"]?.stringValue ?? "It is held.").onOneLine)
    Say.notice(Terminal.errors.paint("ask about it: errand why \(id)", .quiet))
  }

  /// Waits until a held firing is decided, and returns its run.
  private func started(_ firing: JSON, on server: Server) async throws -> JSON {
    let id = firing["id"]?.stringValue ?? ""
    if !json { Say.notice((firing["reason"]?.stringValue ?? "It is held.").onOneLine) }
    do {
      try await Interrupts.end {
        while try await server.get(["v1", "firings", id])["decision"]?.isNull != false {
          try await Time.system.sleep(.seconds(1))
        }
      }
    } catch Complaint.interrupted {
      Say.notice("\nStill held. Ask about it: errand why \(id)    Call it off: errand cancel \(id)")
      throw ExitCode(ExitCodes.interrupted.rawValue)
    }
    let firing = try await server.get(["v1", "firings", id])
    guard let run = firing["run_id"]?.stringValue else {
      throw Complaint.refused(status: 409, message: firing["reason"]?.stringValue ?? "It was not started.")
    }
    return try await server.get(["v1", "runs", run])
  }

  private func wait(for id: String, on server: Server) async throws {
    let showsJSON = json
    do {
      try await Interrupts.end {
        try await RunFollower(server, run: id, textLimit: 1) { line in
          if !showsJSON { Say.notice(line) }
        }.follow()
      }
    } catch Complaint.interrupted {
      Say.notice("\n\(id) goes on. Follow it: errand logs -f \(id)    Stop it: errand cancel \(id)")
      throw ExitCode(ExitCodes.interrupted.rawValue)
    }
    let run = try await server.get(["v1", "runs", id])
    if json {
      Say.output(run.shownText)
    } else {
      Say.output(id)
    }
    let code = ExitCodes.ofRun(state: run["state"]?.stringValue ?? "") ?? .failed
    if code != .done { throw ExitCode(code.rawValue) }
  }

  /// The value of `--input`.
  static func read(_ text: String) throws(Complaint) -> JSON {
    var bytes = Array(text.utf8)
    if text.hasPrefix("@") {
      let path = String(text.dropFirst())
      bytes = try InputFile.read(path == "-" ? "/dev/stdin" : path)
    }
    do {
      return try JSON(parsing: bytes, limits: .exact)
    } catch {
      throw .badInput("this is not JSON: \(error)")
    }
  }
}

/// A file named on the command line.
enum InputFile {
  /// The largest one that is read, in bytes: the API takes no larger body.
  static let limit = 32 << 20

  static func read(_ path: String) throws(Complaint) -> [UInt8] {
    do throws(FileFault) {
      return try FileBytes.of(path, limit: limit)
    } catch .tooLong {
      throw .unreadable(path: path, reason: "it is larger than 32 MiB")
    } catch {
      throw .unreadable(path: path, reason: error.description)
    }
  }
}
