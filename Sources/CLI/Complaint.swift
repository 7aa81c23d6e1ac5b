import JSON
import Primitives
import Reading
import Store

/// Why a command could not do what it was asked.
enum Complaint: Error, Equatable, CustomStringConvertible {
  /// Nothing answers there.
  case unreachable(url: String, reason: String)
  /// The server answered with an error.
  case refused(status: Int, message: String)
  /// The key may not do this.
  case notAllowed(message: String, key: ShownKey)
  /// Something answers, but not Errand.
  case notErrand(url: String, status: Int)
  case badURL(String)
  case noKey(keyFile: String)
  case unreadable(path: String, reason: String)
  case unwritable(path: String, reason: String)
  /// `--input` is not JSON.
  case badInput(String)
  /// The body of a request cannot be read; where, and why.
  case badBody(String)
  /// A recorded webhook cannot be read; why.
  case badHook(String)
  /// `--header` is not `Name: value`.
  case badHeader(String)
  /// `group` is the command that it should belong to; nil for `errand` itself.
  case unknownCommand(String, of: String? = nil, known: [String])
  /// An id, or a name, of something else than the command is about: `logs` are of “a run or a session”.
  case wrongThing(id: String, kind: ThingKind, wanted: String)
  /// The end of an id that several have.
  case ambiguous(String, ids: [String])
  /// The end of an id that is so short that several could have it.
  case shortEnd(String)
  /// A job whose files ask for what came with a webhook, started by hand without anything; with an example of what it
  /// asks for first.
  case needsInput(message: String, job: String, example: String)
  case interrupted
  /// The input of a talk has ended before the answer that the session waits for.
  case sessionWaits(String)
  /// What is to be archived or deleted is what jobs name.
  case inUse(kind: String, id: String, jobs: [String])
  /// `--prune` with a folder that has no job.
  case prunesAll(path: String, jobs: [String])
  /// What `errand try` could not set up.
  case setUp(String)
  /// The story did not end as told; what was different.
  case storyDiffers([String])

  var exitCode: ExitCodes {
    switch self {
    case .unreachable, .notErrand: .unreachable
    case .refused(let status, _): ExitCodes.ofRefusal(status: status)
    case .badURL, .unknownCommand, .prunesAll: .usage
    case .noKey, .notAllowed: .noKey
    case .unreadable, .wrongThing: .notFound
    case .badInput, .badHook, .badBody: .badInput
    case .badHeader, .ambiguous, .shortEnd: .usage
    case .needsInput: ExitCodes.ofRefusal(status: 400)
    case .interrupted: .interrupted
    case .inUse: .inUse
    case .setUp, .storyDiffers, .unwritable, .sessionWaits: .failed
    }
  }

  var description: String {
    switch self {
    case .unreachable(let url, let reason): "No server answers at \(url): \(reason)"
    case .refused(_, let message), .notAllowed(let message, _), .needsInput(let message, _, _): message
    case .notErrand(let url, let status):
      "What answers at \(url) is not Errand: it sent status \(status) without JSON."
    case .badURL(let url): "“\(url)” is not an address of a server. Give one such as http://127.0.0.1:8700."
    case .noKey(let keyFile): "There is no key to show: the file \(keyFile) does not exist."
    case .unreadable(let path, let reason): "\(path) can't be read: \(reason)."
    case .unwritable(let path, let reason): "\(path) can't be written: \(reason)."
    case .badInput(let problem): "--input: \(problem)"
    case .badHook(let problem), .badBody(let problem): problem
    case .badHeader(let text): "--header: “\(text)” is not of the form “Name: value”."
    case .unknownCommand(let word, let group, let known):
      "There is no command “\(group.map { "\($0) " } ?? "")\(word)”."
        + (Nearest.to(word, among: known).map { " Did you mean “\($0)”?" } ?? "")
        + " The commands are \(known.joined(separator: ", "))."
    case .wrongThing(let id, .job, let wanted):
      "“\(id)” is no id of \(wanted). If it is a job, `errand runs --job \(id)` and `errand firings --job \(id)` list "
        + "what it started."
    case .wrongThing(let id, let kind, let wanted):
      "\(id) is the id of \([.agent, .environment, .event].contains(kind) ? "an" : "a") \(kind.rawValue), not of "
        + "\(wanted). \(kind.teller ?? "`errand show \(id)` says more.")"
    case .ambiguous(let end, let ids):
      "\(ids.count) ids end with “\(end)”: \(Complaint.first(ids))"
    case .shortEnd(let end):
      "“\(end)” is too short for the end of an id: give its last \(ID.shortestEnd) letters and digits, or more."
    case .interrupted: "Stopped by Ctrl-C."
    case .sessionWaits(let id): "The session waits for an answer; go on with `errand sessions chat \(id)`."
    case .inUse(let kind, let id, let jobs):
      "\(jobs.count == 1 ? "1 job uses" : "\(jobs.count) jobs use") the \(kind) \(id) and would start nothing any more: "
        + Complaint.first(jobs)
    case .prunesAll(let path, let jobs):
      "There is no job in \(path), so --prune would archive \(jobs.count == 1 ? "the only one" : "all \(jobs.count)") "
        + "that came from files: \(Complaint.first(jobs))"
    case .setUp(let sentence): sentence
    case .storyDiffers(let differences):
      "The story did not end as told:\n" + differences.map { "  - \($0)" }.joined(separator: "\n")
    }
  }

  /// So many names as one reads, as the end of a sentence.
  private static func first(_ names: [String]) -> String {
    names.prefix(20).joined(separator: ", ") + (names.count > 20 ? " and others." : ".")
  }

  /// What to do next, on a line of its own.
  var hint: String? {
    switch self {
    case .unreachable:
      "start one with `errand serve --jobs Jobs`, or name another with --url or ERRAND_URL"
    case .refused(401, _), .noKey:
      "give --key, set ERRAND_API_KEY, or name the server's data directory with --data"
    case .notAllowed(_, let key): key.hint
    case .inUse(let kind, _, _): "name another \(kind) in the jobs first, or give --force"
    case .prunesAll: "name the folder that the jobs lie in, or give --force"
    case .ambiguous: "give more of its end, or its kind in front, such as run_"
    case .needsInput(_, let job, let example):
      "give what a webhook would bring: errand run \(job) --input '\(example)'"
    case .notErrand: "name the server with --url or ERRAND_URL"
    case .unknownCommand("delete", "agents", _): "agents are archived: errand agents archive ID"
    case .unknownCommand(_, let group, _): "errand \(group.map { "\($0) " } ?? "")--help says what each does"
    default: nil
    }
  }
}
