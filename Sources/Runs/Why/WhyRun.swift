import JSON
import Primitives
import Queue
import Sessions
package import Store

/// What decides why a run is not running.
struct RunFacts: Equatable {
  /// A call of the agent's that waits for somebody.
  struct Question: Equatable {
    var event: String
    var tool: String
    var since: Timestamp?
  }

  var id: String
  var state: Run.State
  var reason: String?
  var ending: Run.State?
  var attempt = 1
  var attempts = 1
  var createdAt: Timestamp
  var startedAt: Timestamp?
  var endedAt: Timestamp?
  var questions: [Question] = []
  /// The session's place in the queue; nil when it has none.
  var place: Place?
  /// Whether any worker process has given a sign of life.
  var hasWorkers = true

  /// Where a session stands in the queue.
  struct Place: Equatable {
    var due: Timestamp
    var isLeased = false
    /// Failures to work on it in a row.
    var errors = 0
    /// Of the slot that it needs: how many fit, which runs have it, and how many wait before this one.
    var limit: Int?
    var holders: [String] = []
    var ahead = 0
  }

  func why(now: Timestamp) -> Why {
    Why(subject: "run", id: id, state: state.rawValue, sentence: sentence(now: now))
  }

  private func sentence(now: Timestamp) -> String {
    if let endedAt {
      return "It ended as \(state.rawValue) at \(endedAt.inSentence): \(told("no reason was recorded"))"
    }
    if let ending {
      return "It is ending as \(ending.rawValue), and its agent has to stop first."
    }
    switch state {
    case .running:
      let which = attempts > 1 ? ", in attempt \(attempt) of \(attempts)" : ""
      return "It is running\(startedAt.map { " since \($0.inSentence)" } ?? "")\(which)."
    case .waiting: return waiting(now: now)
    case .queued: return queued(now: now)
    case .succeeded, .unsatisfied, .failed, .cancelled, .timedOut, .capped:
      return "It is \(state.rawValue): \(told("no reason was recorded"))"
    }
  }

  private func told(_ fallback: String) -> String { reason ?? fallback + "." }

  private func waiting(now: Timestamp) -> String {
    if !questions.isEmpty {
      let named = questions.map { "“\($0.tool)” (\($0.event))" }.named()
      let since = questions.compactMap(\.since).min().map { ", since \($0.inSentence)" } ?? ""
      let what = questions.count == 1 ? "the answer to the call" : "answers to the calls"
      return "It waits for \(what) \(named)\(since): send it to its session and it goes on."
    }
    if let place, place.due > now {
      return "It pauses until \(place.due.inSentence): \(told("its driver asked for it"))"
    }
    return "It waits: \(told("for a message to its session"))"
  }

  private func queued(now: Timestamp) -> String {
    let again = attempt > 1 ? " for attempt \(attempt) of \(attempts)" : ""
    guard let place else {
      return
        "It is queued\(again), but its session has no place in the queue, so nothing will begin it: cancel it "
        + "and start it again."
    }
    if place.isLeased { return "A worker has just taken it up." }
    if let limit = place.limit, place.holders.count >= limit {
      let before = place.ahead == 0 ? "it is the next" : "\(place.ahead) wait before it"
      return "It is queued\(again) because \(place.holders.count) of \(limit) slots of its job are taken by "
        + "\(place.holders.named()); \(before)."
    }
    if !hasWorkers {
      return
        "It is queued\(again) because no worker is running: start `errand serve`, or look at one that was "
        + "started with --role worker."
    }
    if place.errors > 0 {
      return
        "It is queued\(again) because the last \(place.errors == 1 ? "try" : "\(place.errors) tries") to work on "
        + "it failed; the next is at \(place.due.inSentence), and the server's log says what went wrong."
    }
    if place.due > now { return "It is queued\(again) until \(place.due.inSentence)." }
    return "It is queued\(again) since \(createdAt.inSentence), and the next free worker takes it up."
  }
}

extension Runs {
  /// Why a run is in its state.
  /// - Throws: `RunsError.notFound`.
  package func why(_ tx: Transaction, run id: String) throws -> Why {
    let run = try run(tx, id)
    var facts = RunFacts(
      id: id, state: run.state, reason: run.reason, ending: run.ending, attempt: run.attempt,
      attempts: run.snapshot.terms.attempts, createdAt: run.createdAt, startedAt: run.startedAt,
      endedAt: run.endedAt)
    guard !run.state.isTerminal else { return facts.why(now: time.now()) }
    let session = try sessions.session(tx, run.session)
    facts.questions = try session.blocked.map { event in
      let call = try sessions.event(tx, session.id, event)
      return RunFacts.Question(
        event: event, tool: call?.body["name"]?.stringValue ?? "?", since: call?.processedAt)
    }
    facts.hasWorkers = try queue.hasWorkers(tx)
    if let item = try queue.item(tx, .session, session.id) {
      var place = RunFacts.Place(due: item.due, isLeased: item.worker != nil, errors: item.errors)
      if let slot = item.slot {
        place.limit = slot.limit
        let (holders, ahead) = try queue.holders(tx, of: slot, before: item)
        place.holders = try holders.map { ref in try self.run(tx, ofSession: ref)?.id ?? ref }
        place.ahead = ahead
      }
      facts.place = place
    }
    return facts.why(now: time.now())
  }
}
