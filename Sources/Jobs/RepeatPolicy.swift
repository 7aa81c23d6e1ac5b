/// What becomes of a firing while a run with the same key has not ended.
package enum RepeatPolicy: String, Sendable, Hashable, CaseIterable {
  /// It is skipped, naming the run.
  case reject
  /// It is held and starts when the key is free.
  case enqueue
  /// The run's session is interrupted and told.
  case interrupt
  /// The run's session is told; before it started, firings gather until the window ends.
  case coalesce
}
