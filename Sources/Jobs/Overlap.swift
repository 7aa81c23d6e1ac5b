/// What happens to a start of a job that is due while an earlier one has not ended: its schedules' starts, those
/// by hand and those of a backfill. Runs that are queued or wait for somebody have not ended.
package enum Overlap: String, Sendable, Hashable, CaseIterable {
  /// The new start is dropped.
  case skip
  /// One start waits until nothing runs; while it waits, further ones are dropped.
  case bufferOne = "buffer_one"
  /// Every start waits; they run one after another. At most 1,000 wait.
  case bufferAll = "buffer_all"
  /// What runs is asked to stop; the new start waits until it has, before everything else that waits.
  case cancelOther = "cancel_other"
  /// What runs is ended as cancelled; the new start runs at once.
  case terminateOther = "terminate_other"
  /// The new start runs beside the others.
  case allowAll = "allow_all"
}
