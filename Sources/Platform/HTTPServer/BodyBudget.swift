/// How much of the bodies of all requests under way is held: those that arrive, and those that are worked on.
///
/// Memory follows what has arrived, never what was announced. Strangers, those who claim to be somebody, and those
/// who have proved it share one room; each further group has a part of it that the ones before cannot take.
package struct BodyBudget {
  package struct Limits: Sendable {
    /// Bytes in memory, of everybody.
    package var memory = 64 << 20
    /// Of it, at most so many of requests whose proof is not checked yet.
    package var claimedMemory = 32 << 20
    /// Of it, at most so many of requests without any.
    package var strangersMemory = 4 << 20
    /// Bytes on the disk, of everybody.
    package var disk = 4 << 30
    /// Of it, at most so many of requests whose proof is not checked yet. Those without any have none.
    package var claimedDisk = 512 << 20
    /// So many bytes of one body stay in memory while it arrives; a longer one goes to the disk.
    package var piece = 64 << 10

    package init() {}
  }

  /// What one request holds.
  struct Held {
    var memory = 0
    var disk = 0
    let standing: Standing

    var isNothing: Bool { memory == 0 && disk == 0 }
  }

  let limits: Limits
  private(set) var memory = 0
  private(set) var disk = 0
  private var unprovenMemory = 0
  private var strangersMemory = 0
  private var unprovenDisk = 0

  init(_ limits: Limits) {
    self.limits = limits
  }

  /// The most that a request can ever get in memory.
  func share(of standing: Standing) -> Int {
    switch standing {
    case .known: limits.memory
    case .claimed: min(limits.claimedMemory, limits.memory)
    case .stranger, .probe: min(limits.strangersMemory, limits.claimedMemory, limits.memory)
    }
  }

  /// - Returns: false, and nothing is taken, when that would be too much.
  mutating func takeMemory(_ bytes: Int, for held: inout Held) -> Bool {
    let isUnproven = held.standing != .known
    let isStranger = isUnproven && held.standing != .claimed
    guard memory + bytes <= limits.memory,
      !isUnproven || unprovenMemory + bytes <= limits.claimedMemory,
      !isStranger || strangersMemory + bytes <= limits.strangersMemory
    else { return false }
    memory += bytes
    if isUnproven { unprovenMemory += bytes }
    if isStranger { strangersMemory += bytes }
    held.memory += bytes
    return true
  }

  /// - Returns: false, and nothing is taken, when that would be too much.
  mutating func takeDisk(_ bytes: Int, for held: inout Held) -> Bool {
    guard disk + bytes <= limits.disk else { return false }
    switch held.standing {
    case .known: break
    case .claimed:
      guard unprovenDisk + bytes <= limits.claimedDisk else { return false }
      unprovenDisk += bytes
    case .stranger, .probe: return false
    }
    disk += bytes
    held.disk += bytes
    return true
  }

  mutating func giveMemory(of held: inout Held) {
    memory -= held.memory
    if held.standing != .known { unprovenMemory -= held.memory }
    if held.standing == .stranger || held.standing == .probe { strangersMemory -= held.memory }
    held.memory = 0
  }

  mutating func give(_ held: inout Held) {
    giveMemory(of: &held)
    disk -= held.disk
    if held.standing == .claimed { unprovenDisk -= held.disk }
    held.disk = 0
  }
}
