import Primitives

/// What becomes of a new firing in its line.
enum Admission: Equatable {
  case start
  case skip(reason: String)
  /// It goes into the run's session, as a message.
  case join(run: String)
  /// It waits; without a decision until then.
  case hold(reason: String)
  /// These runs are ended and these waiting firings are superseded. `atOnce`: it starts now, whether or not the
  /// runs have stopped. Else it is the next to start.
  case replace(runs: [String], waiting: [String], atOnce: Bool)
}

extension Rule {
  /// The table of overlap and repeat.
  /// - Parameter window: how long `coalesce` collects before it starts a run.
  func admission(_ line: Line, window: Duration? = nil) -> Admission {
    switch self {
    case .allowAll: return .start
    case .skip, .reject:
      return line.obstacle.map { .skip(reason: "\($0), and “\(rawValue)” starts nothing meanwhile.") }
        ?? .start
    case .bufferOne:
      guard let obstacle = line.obstacle else { return .start }
      if let next = line.next {
        return .skip(reason: "Firing \(next) waits already, and “buffer_one” keeps one.")
      }
      return line.hold("It waits: \(obstacle.lowercasedFirst).")
    case .bufferAll, .enqueue:
      guard let obstacle = line.obstacle else { return .start }
      return line.hold("It waits for its turn: \(obstacle.lowercasedFirst).")
    case .cancelOther, .terminateOther:
      if line.open.isEmpty && line.replaceable.isEmpty { return .start }
      return .replace(
        runs: line.open.map(\.run), waiting: line.replaceable, atOnce: self == .terminateOther)
    case .interrupt, .coalesce:
      if let open = line.open.first {
        if !open.isEnding { return .join(run: open.run) }
        return line.hold("Run \(open.run) is ending and takes no messages; it starts the next one.")
      }
      if let next = line.next { return line.hold("It goes with firing \(next), which starts soon.") }
      if self == .coalesce, let window, window > .zero {
        return line.hold("More may come: it collects for \(DurationText.text(window)).")
      }
      return .start
    }
  }
}

extension Line {
  /// Why nothing can start now, as the beginning of a sentence. Nil when something can.
  var obstacle: String? {
    if let run = open.first {
      return run.isEnding ? "Run \(run.run) is still ending" : "Run \(run.run) is \(run.state.rawValue)"
    }
    return next.map { "Firing \($0) is to start first" }
  }

  /// Room to wait is bounded, or a stranger could fill the disk.
  func hold(_ reason: String) -> Admission {
    if waiting >= limit {
      return .skip(reason: "\(waiting) firings wait for their turn here, which is the most.")
    }
    if waitingInJob >= Line.jobLimit {
      return .skip(reason: "\(waitingInJob) firings of the job wait already, which is the most.")
    }
    if sizeInJob >= Line.sizeLimit {
      return .skip(
        reason: "What the job's waiting firings carry takes up \(Line.sizeLimit >> 20) MiB, the most.")
    }
    return .hold(reason: reason)
  }
}

extension String {
  var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
