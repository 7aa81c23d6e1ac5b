import Catalog
import Domains
import Hooks
import Jobs
import Primitives
import Runs
import Sessions
import Store

// What a session, a file, an agent or an environment is there for: whoever finds an id somewhere can ask.
extension API {
  func why(_ tx: Transaction, session id: String) throws -> Why {
    let session = try domains.sessions.session(tx, id)
    if let attempt = try domains.runs.attempt(tx, ofSession: id) {
      let told = try domains.runs.why(tx, run: attempt.run).sentence
      let run = told.hasPrefix("It ") ? ", which \(told.dropFirst(3))" : ". \(told)"
      return Why(
        subject: "session", id: id, state: session.status.rawValue,
        sentence: "It is attempt \(attempt.number) of \(attempt.run)\(run)")
    }
    let state =
      switch session.status {
      case .idle where !session.blocked.isEmpty: "waits for answers to \(session.blocked.count) of its calls"
      case .idle: "waits for a message"
      case .running: "is running"
      case .rescheduling: "pauses, and goes on by itself"
      case .terminated: "has ended for good"
      }
    return Why(
      subject: "session", id: id, state: session.status.rawValue,
      sentence: "It was made over the API, belongs to no run, and \(state).")
  }

  static func why(_ refused: RefusedReceipt) -> Why {
    let again =
      refused.repeats == 0
      ? "" : " (and \(refused.repeats == 1 ? "once" : "\(refused.repeats) times") again)"
    let came =
      "It came to source \(refused.source) at \(refused.receivedAt.inSentence)\(again), proved itself"
    if let receipt = refused.receipt, let replayed = refused.replayedAt {
      let sentence =
        "\(came), and was refused at first; at \(replayed.inSentence) it was taken as \(receipt)."
      return Why(subject: "receipt", id: refused.id, state: "replayed", sentence: sentence)
    }
    return Why(
      subject: "receipt", id: refused.id, state: "refused",
      sentence: "\(came), and was refused all the same: \(refused.reason) It is kept, and "
        + "`errand hooks replay \(refused.id)` takes it once that is mended.")
  }

  func why(_ tx: Transaction, file id: String) throws -> Why {
    let file = try domains.files.file(tx, id)
    let sentence: String
    if let session = file.session {
      let run = try domains.runs.attempt(tx, ofSession: session).map { ", attempt \($0.number) of \($0.run)" }
      sentence = "It was made by the agent of \(session)\(run ?? "")."
    } else if let session = file.mountedIn {
      sentence = "It is an input of \(session), as its sandbox sees it."
    } else {
      sentence = "It was uploaded, or is an input of a job."
    }
    return Why(subject: "file", id: id, state: file.session == nil ? "input" : "result", sentence: sentence)
  }

  func why(_ tx: Transaction, agent id: String) throws -> Why {
    let agent = try domains.agents.agent(tx, id)
    let jobs = try domains.jobs.jobs(tx).filter { $0.agent == id }.map(\.name)
    return Why(
      subject: "agent", id: id, state: agent.archivedAt == nil ? "active" : "archived",
      sentence: API.use(of: "agent", agent.name, isArchived: agent.archivedAt != nil, by: jobs))
  }

  func why(_ tx: Transaction, environment id: String) throws -> Why {
    let environment = try domains.environments.environment(tx, id)
    let jobs = try domains.jobs.jobs(tx).filter { $0.environment == id }.map(\.name)
    return Why(
      subject: "environment", id: id, state: environment.archivedAt == nil ? "active" : "archived",
      sentence: API.use(
        of: "environment", environment.name, isArchived: environment.archivedAt != nil, by: jobs))
  }

  private static func use(of thing: String, _ name: String, isArchived: Bool, by jobs: [String]) -> String {
    let users =
      switch jobs.count {
      case 0: "no job uses it"
      case 1: "the job \(jobs[0]) uses it"
      case 2...5: "the jobs \(jobs.joined(separator: ", ")) use it"
      default: "\(jobs.count) jobs use it, such as \(jobs.prefix(3).joined(separator: ", "))"
      }
    return "It is the \(thing) \(name)\(isArchived ? ", which is archived" : ""); \(users)."
  }
}
