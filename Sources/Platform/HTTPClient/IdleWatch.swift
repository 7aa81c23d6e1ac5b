/// Finds the transfers that have moved no byte for longer than they may. libcurl's own low-speed limit counts
/// whole seconds and averages over several.
struct IdleWatch {
  private var watched: [CurlLoop.Ticket: Transfer] = [:]
  /// No deadline is earlier than this. Activity moves deadlines on without telling, so it may be too early.
  private var next: ContinuousClock.Instant?

  mutating func watch(_ transfer: Transfer) {
    guard let deadline = transfer.idleDeadline else { return }
    watched[transfer.ticket] = transfer
    next = next.map { min($0, deadline) } ?? deadline
  }

  mutating func forget(_ ticket: CurlLoop.Ticket) {
    watched[ticket] = nil
    if watched.isEmpty { next = nil }
  }

  /// How long the loop may sleep, at most a minute.
  var millisecondsToNext: Int32 {
    guard let next else { return 60_000 }
    let left = (next - .now).components
    let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1
    return Int32(max(0, min(60_000, milliseconds)))
  }

  mutating func expired() -> [Transfer] {
    guard let next, next <= .now else { return [] }
    let now = ContinuousClock.now
    var late: [Transfer] = []
    var earliest: ContinuousClock.Instant?
    for transfer in watched.values {
      // A resting transfer waits for its reader; look again when it could be late at the earliest.
      let deadline = transfer.idleDeadline ?? now + transfer.idleTimeout
      if deadline <= now {
        late.append(transfer)
      } else {
        earliest = earliest.map { min($0, deadline) } ?? deadline
      }
    }
    self.next = earliest
    return late
  }
}
