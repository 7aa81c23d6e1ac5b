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
      next[worker.id] = (worker.beats, missed)
      if missed >= 2 { silent.append(worker) }
    }
    last = next
    return silent
  }
}
