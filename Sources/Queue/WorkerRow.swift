import Primitives
import Store

/// One worker process, as the others see it.
struct WorkerRow: Sendable, Hashable {
  let id: String
  /// The machine's name; for people.
  let host: String
  /// The boot of the machine's kernel, which tells whether file locks can be asked.
  let boot: String
  /// Grows by 1 with each heartbeat.
  let beats: Int64

  init(id: String, host: String, boot: String, beats: Int64) {
    self.id = id
    self.host = host
    self.boot = boot
    self.beats = beats
  }

  init(_ row: Row) throws {
    id = try row["id"]
    host = try row["host"]
    boot = try row["boot"]
    beats = try row["beats"]
  }
}

extension Queue {
  func register(_ tx: Transaction, _ worker: String, on host: Host) throws {
    try tx.run(
      """
      INSERT INTO workers (id, host, boot, started_at, beat_at) VALUES ($1, $2, $3, $4, $4)
      ON CONFLICT (id) DO NOTHING
      """, worker, host.name, host.boot, time.now())
  }

  /// Throws `QueueError.unknownWorker` when the worker was taken for dead meanwhile.
  func beat(_ tx: Transaction, _ worker: String) throws {
    let known = try tx.run(
      "UPDATE workers SET beats = beats + 1, beat_at = $2 WHERE id = $1", worker, time.now())
    if known == 0 { throw QueueError.unknownWorker(worker) }
  }

  func isRegistered(_ tx: Transaction, _ worker: String) throws -> Bool {
    try tx.row("SELECT 1 FROM workers WHERE id = $1", worker) != nil
  }

  func workers(_ tx: Transaction) throws -> [WorkerRow] {
    try tx.rows("SELECT id, host, boot, beats FROM workers ORDER BY id").map(WorkerRow.init)
  }

  /// Takes the leases of a dead worker back; each of its items counts one crash more. Nothing happens when
  /// the worker has given a sign of life since `row` was read.
  /// - Returns: how many items were freed, or nil when the worker was not there as described.
  func bury(_ tx: Transaction, _ row: WorkerRow) throws -> Int? {
    let gone = try tx.run("DELETE FROM workers WHERE id = $1 AND beats = $2", row.id, row.beats)
    guard gone == 1 else { return nil }
    let freed = try tx.run("UPDATE items SET worker = NULL, crashes = crashes + 1 WHERE worker = $1", row.id)
    tx.ring()
    return freed
  }

  /// Gives back all leases of a worker except those with these fences; the items are due now.
  @discardableResult
  func handBack(_ tx: Transaction, _ worker: String, except fences: Set<Int64> = []) throws -> Int {
    let now = time.now()
    var freed = 0
    for row in try tx.rows("SELECT kind, ref, fence FROM items WHERE worker = $1", worker) {
      let (kind, ref, fence): (String, String, Int64) = (try row["kind"], try row["ref"], try row["fence"])
      guard !fences.contains(fence) else { continue }
      freed += try tx.run(
        "UPDATE items SET worker = NULL, due = $3 WHERE kind = $1 AND ref = $2", kind, ref, now)
    }
    if freed > 0 { tx.ring() }
    return freed
  }

  func unregister(_ tx: Transaction, _ worker: String) throws {
    try tx.run("DELETE FROM workers WHERE id = $1", worker)
  }
}
