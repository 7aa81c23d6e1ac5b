import Jobs

/// How a firing meets those of its line that have not ended: the overlap policies of starts by time and by hand,
/// and the repeat policies of webhooks with a key.
enum Rule: String, CaseIterable {
  case skip
  case bufferOne = "buffer_one"
  case bufferAll = "buffer_all"
  case cancelOther = "cancel_other"
  case terminateOther = "terminate_other"
  case allowAll = "allow_all"
  case reject
  case enqueue
  case interrupt
  case coalesce

  init(_ overlap: Overlap) {
    self =
      switch overlap {
      case .skip: .skip
      case .bufferOne: .bufferOne
      case .bufferAll: .bufferAll
      case .cancelOther: .cancelOther
      case .terminateOther: .terminateOther
      case .allowAll: .allowAll
      }
  }

  init(_ policy: RepeatPolicy) {
    self =
      switch policy {
      case .reject: .reject
      case .enqueue: .enqueue
      case .interrupt: .interrupt
      case .coalesce: .coalesce
      }
  }

  /// Whether it goes into the session of a run that is there already.
  var joins: Bool { self == .interrupt || self == .coalesce }

  /// Whether it puts an end to the runs that are there.
  var replaces: Bool { self == .cancelOther || self == .terminateOther }

  /// Whether a firing that replaces others replaces it too, while it waits. What was told to wait for its turn
  /// keeps it.
  var isReplaceable: Bool { replaces || self == .bufferOne }
}
