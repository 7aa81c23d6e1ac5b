/// Who has missed two heartbeats. Looks once per heartbeat at the numbers that living workers count up;
/// no clock is read, so one that jumps or differs between machines makes nobody look dead.
struct Silence {
  private var last: [String: (beats: Int64, missed: Int)] = [:]

  /// Those of the workers whose number has not changed over the last two looks.
  mutating func look(at workers: [WorkerRow]) -> [WorkerRow] {
    var silent: [WorkerRow] = []
    var next: [String: (beats: Int64, missed: Int)] = [:]
    for worker in workers {
      let before = last[worker.id]
      let missed = before?.beats == worker.beats ? (before?.missed ?? 0) + 1 : 0
      if missed >= 2 {
        // Forgotten: one that registers again begins to count anew, and may come to the same number.
        silent.append(worker)
      } else {
        next[worker.id] = (worker.beats, missed)
      }
    }
    last = next
    return silent
  }
}
