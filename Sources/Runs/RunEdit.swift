import JSON
import Primitives
import Store

/// A run's row while one transaction changes it: loaded once, saved once, and only in what is different then. Made
/// by `Runs.edit`.
final class RunEdit {
  let tx: Transaction
  private let loaded: Run
  var run: Run

  init(_ tx: Transaction, _ run: Run) {
    self.tx = tx
    loaded = run
    self.run = run
  }

  private static let columns: [EditedColumn<Run>] = [
    EditedColumn("state", { $0.state }, as: { $0.rawValue }),
    EditedColumn("reason") { $0.reason },
    EditedColumn("ending", { $0.ending }, as: { $0?.rawValue }),
    EditedColumn("ending_reason") { $0.endingReason },
    EditedColumn("snapshot", { $0.snapshot }, as: { $0.json }),
    EditedColumn("session_id") { $0.session },
    EditedColumn("attempt") { $0.attempt },
    EditedColumn("result", { $0.result }, as: { $0 }),
    EditedColumn("remaining") { $0.remaining.microseconds },
    EditedColumn("running_since") { $0.runningSince },
    EditedColumn("elapsed_since") { $0.elapsedSince?.microseconds },
    EditedColumn("boot") { $0.boot },
    EditedColumn("started_at") { $0.startedAt },
    EditedColumn("ended_at") { $0.endedAt },
  ]
}

extension RunEdit: Edit {
  /// The first terminal state wins: a row that has one is not written.
  /// - Throws: `RunsError.ended`.
  func save() throws {
    guard
      try tx.save("runs", run.id, RunEdit.columns, from: loaded, to: run, when: "ended_at IS NULL")
    else { throw RunsError.ended(id: run.id, state: run.state.rawValue) }
  }
}
