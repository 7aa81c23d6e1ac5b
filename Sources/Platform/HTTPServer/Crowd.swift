/// Who is connected: how many of each address, and who has waited longest for its client.
///
/// Lines are lists of connections in the order in which they began to wait. An entry may be out of date, because
/// taking one out of the middle would cost more than ignoring it: the connection knows which of its entries counts.
struct Crowd {
  /// One line, the longest waiting first.
  struct Line {
    typealias Entry = (connection: UInt64, turn: UInt64)
    private var entries: [Entry] = []
    private var first = 0

    var count: Int { entries.count - first }

    mutating func add(_ entry: Entry) { entries.append(entry) }

    /// Takes out the first entry that counts.
    mutating func take(where counts: (Entry) -> Bool) -> UInt64? {
      defer { shorten() }
      while first < entries.count {
        let entry = entries[first]
        first += 1
        if counts(entry) { return entry.connection }
      }
      return nil
    }

    /// Forgets the entries that do not count.
    mutating func clean(where counts: (Entry) -> Bool) {
      entries = entries[first...].filter(counts)
      first = 0
    }

    private mutating func shorten() {
      guard first > 64, first > entries.count / 2 else { return }
      entries.removeFirst(first)
      first = 0
    }
  }

  private var strangers = Line()
  private var known = Line()
  private var places: [AddressBlock: (connections: Int, line: Line)] = [:]
  private var turn: UInt64 = 0

  /// How many connections of an address have not shown whose they are.
  func count(of address: AddressBlock) -> Int { places[address]?.connections ?? 0 }

  mutating func enter(_ address: AddressBlock) {
    places[address, default: (0, Line())].connections += 1
  }

  mutating func leave(_ address: AddressBlock) {
    guard var place = places[address] else { return }
    place.connections -= 1
    places[address] = place.connections > 0 ? place : nil
  }

  /// The connection waits for its client from now on, at the end of the lines.
  mutating func wait(_ connection: Connection, among connections: [UInt64: Connection]) {
    turn += 1
    connection.turn = turn
    let entry = (connection.id, turn)
    let room = 2 * connections.count + 1024
    if connection.isKnown {
      known.add(entry)
      if known.count > room { known.clean { Crowd.counts($0, connections) } }
      return
    }
    strangers.add(entry)
    if strangers.count > room { strangers.clean { Crowd.counts($0, connections) } }
    guard let address = connection.address, places[address] != nil else { return }
    places[address]!.line.add(entry)
    if places[address]!.line.count > 2 * places[address]!.connections + 64 {
      places[address]!.line.clean { Crowd.counts($0, connections) }
    }
  }

  /// The connection that has waited longest: of those who have not shown whose they are, else of all.
  mutating func longestWaiting(among connections: [UInt64: Connection]) -> Connection? {
    let found =
      strangers.take { Crowd.counts($0, connections) } ?? known.take { Crowd.counts($0, connections) }
    return found.flatMap { connections[$0] }
  }

  /// The connection of an address that has waited longest without showing whose it is.
  mutating func longestWaiting(
    of address: AddressBlock, among connections: [UInt64: Connection]
  ) -> Connection? {
    guard let found = places[address]?.line.take(where: { Crowd.counts($0, connections) }) else { return nil }
    return connections[found]
  }

  private static func counts(_ entry: Line.Entry, _ connections: [UInt64: Connection]) -> Bool {
    guard let connection = connections[entry.connection] else { return false }
    return connection.turn == entry.turn && connection.isWaiting
  }
}
