import Primitives
package import Store

/// What decides why a firing has the decision it has, or none yet.
struct FiringFacts: Equatable {
  var firing: Firing
  /// The run that it started or joined.
  var run: (id: String, state: Run.State)?
  var held: Waiting?

  /// How a held firing waits.
  struct Waiting: Equatable {
    var rule: Rule
    /// How many of its line start before it.
    var ahead = 0
    /// The runs that it waits for.
    var open: [Line.Open] = []
    var readyAt: Timestamp?
    var expiresAt: Timestamp?
  }

  static func == (left: FiringFacts, right: FiringFacts) -> Bool {
    left.firing == right.firing && left.run?.id == right.run?.id && left.held == right.held
  }

  func why(now: Timestamp) -> Why {
    Why(
      subject: "firing", id: firing.id, state: firing.decision?.rawValue ?? "held",
      sentence: sentence(now: now))
  }

  private func sentence(now: Timestamp) -> String {
    guard let decision = firing.decision else { return waiting(now: now) }
    let reason = firing.reason ?? "No reason was recorded."
    switch decision {
    case .started:
      guard let run else { return "It started a run. \(reason)" }
      return "It started \(run.id), which is \(run.state.rawValue)."
    case .joined:
      guard let run else { return reason }
      return "It joined \(run.id), which is \(run.state.rawValue): \(reason)"
    case .skipped, .filtered, .missed, .superseded:
      return "It started nothing; it was \(decision.rawValue): \(reason)"
    case .failedToStart: return "It could not start: \(reason)"
    }
  }

  private func waiting(now: Timestamp) -> String {
    guard let held else { return "It is being decided." }
    let key = firing.key.map { " for the key “\($0)”" } ?? ""
    var sentence = "It is held (\(held.rule.rawValue))\(key)"
    if let run = held.open.first {
      sentence += " by \(run.run), which is \(run.isEnding ? "ending" : run.state.rawValue)"
      if held.ahead > 0 { sentence += ", and \(held.ahead) start before it" }
    } else if let readyAt = held.readyAt, readyAt > now {
      sentence += " until \(readyAt.inSentence), since more may come"
    } else if held.ahead > 0 {
      sentence += ", and \(held.ahead) start before it"
    } else {
      sentence += " and starts next"
    }
    if let expiresAt = held.expiresAt { sentence += "; at \(expiresAt.inSentence) it is stale" }
    return sentence + "."
  }
}

extension Runs {
  /// Why a firing started something, or did not.
  /// - Throws: `RunsError.notFound`.
  package func why(_ tx: Transaction, firing id: String) throws -> Why {
    var facts = FiringFacts(firing: try firing(tx, id))
    if let run = try facts.firing.run.flatMap({ try find(tx, $0) }) { facts.run = (run.id, run.state) }
    if let held = try held(tx, id) {
      let ahead = try tx.row(
        "SELECT COUNT(*) AS ahead FROM held WHERE job_id = $1 AND line = $2 AND position < $3", held.job,
        held.line, held.position)
      facts.held = FiringFacts.Waiting(
        rule: held.rule, ahead: try ahead?["ahead"] ?? 0, open: try open(tx, held.job, held.line, limit: 1),
        readyAt: held.readyAt, expiresAt: held.expiresAt)
    }
    return facts.why(now: time.now())
  }
}
