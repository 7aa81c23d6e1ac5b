import HTTPServer
import JSON
import Logging
import Primitives
import Sessions

/// The open streams of all sessions. What happens in a session is read once and rendered once, and the same
/// bytes go to everybody who follows it; a stream has no task of its own.
final class Broadcasts: Sendable {
  /// The most bytes that wait for one client. They are shared, so that only their places are its own.
  static let waitingLimit = 4 << 20
  /// As many with long events: the longest message is told of twice, when it comes and when it is taken.
  static let longLimit = 80 << 20
  /// Frames are put together up to so many bytes.
  static let pieceSize = 64 << 10

  /// Streams with glimpses and those without are apart: most sessions are followed without, and their drivers
  /// then make none.
  private struct Key: Hashable {
    var session: String
    var previews: Bool
  }

  /// A session that is followed. Its members are given what it reads, in one order.
  private struct Room {
    let number: Int
    /// What was taken up so far; a member that joins now is shown what comes after.
    var revision: Int64
    var members: [Int: Member] = [:]
    var pump: Task<Void, Never>?
  }

  private struct Member: Sendable {
    let channel: ByteChannel
    /// What it is shown comes after this revision.
    let revision: Int64
    /// The types of events of which it wants glimpses.
    let previews: [EventType]
  }

  private struct State {
    var next = 0
    var rooms: [Key: Room] = [:]

    mutating func number() -> Int {
      next += 1
      return next
    }
  }
  private let state = Lock(State())
  private let sessions: Sessions
  private let log: Logger

  init(sessions: Sessions, log: Logger) {
    self.sessions = sessions
    self.log = log
  }

  /// Begins a stream of everything that the session's log gets from now on: whoever lists the log once this has
  /// returned misses nothing.
  /// - Parameter session: as it was just read.
  func follow(_ session: Session, previewing previews: [EventType]) -> ByteChannel {
    let channel = ByteChannel(limit: Broadcasts.waitingLimit, most: Broadcasts.longLimit)
    if session.status == .terminated {
      // Nothing comes any more.
      channel.finish()
      return channel
    }
    let key = Key(session: session.id, previews: !previews.isEmpty)
    let (room, member) = state.withLock { state -> (Int, Int) in
      let member = state.number()
      var room = state.rooms[key] ?? open(key, session, number: state.number())
      room.members[member] = Member(
        channel: channel, revision: max(session.revision, room.revision), previews: previews)
      state.rooms[key] = room
      return (room.number, member)
    }
    channel.onClose { [weak self] in self?.leave(key, room, member) }
    return channel
  }

  private func open(_ key: Key, _ session: Session, number: Int) -> Room {
    var room = Room(number: number, revision: session.revision)
    // Listens from here on, before the first member is told that it is heard.
    let following = sessions.follow(key.session, after: session.revision, previewing: key.previews)
    room.pump = Task { [weak self] in await self?.pump(key, number, following) }
    return room
  }

  private func leave(_ key: Key, _ room: Int, _ member: Int) {
    let pump = state.withLock { state -> Task<Void, Never>? in
      guard state.rooms[key]?.number == room else { return nil }
      state.rooms[key]?.members[member] = nil
      guard state.rooms[key]?.members.isEmpty == true else { return nil }
      return state.rooms.removeValue(forKey: key)?.pump
    }
    pump?.cancel()
  }

  // MARK: Passing on

  private func pump(_ key: Key, _ room: Int, _ following: Following) async {
    var shown = Announcements()
    do {
      for try await page in following {
        guard let members = members(key, room, takingUp: page) else { return }
        if key.previews {
          shown.keep(members.keys)
          for (number, member) in members { send(page, to: member, number, &shown) }
        } else {
          send(page, to: Array(members.values))
        }
      }
    } catch is CancellationError {
      // The last one has left.
    } catch {
      log.warning("The streams of \(key.session) ended: \(error)")
    }
    let left = state.withLock { state -> [Member] in
      guard state.rooms[key]?.number == room else { return [] }
      return Array((state.rooms.removeValue(forKey: key)?.members ?? [:]).values)
    }
    for member in left { member.channel.finish() }
  }

  /// Who is there now; whoever comes later is shown what comes after the page. Nil when the room is closed.
  private func members(_ key: Key, _ room: Int, takingUp page: [Followed]) -> [Int: Member]? {
    let last = page.reduce(Int64.min) { max($0, $1.event?.revision ?? .min) }
    return state.withLock { state in
      guard let found = state.rooms[key], found.number == room else { return nil }
      state.rooms[key]?.revision = max(found.revision, last)
      return found.members
    }
  }

  /// To members without glimpses, nearly all of whom are shown the whole page.
  private func send(_ page: [Followed], to members: [Member]) {
    let events = page.compactMap(\.event)
    guard let first = events.first?.revision else { return }
    let frames = events.map { (revision: $0.revision, bytes: Broadcasts.frame(.event($0))) }
    let whole = members.filter { $0.revision < first }.map(\.channel)
    for piece in Broadcasts.pieces(frames.map(\.bytes)) { ByteChannel.send(piece, to: whole) }
    for member in members where member.revision >= first {
      let rest = frames.filter { $0.revision > member.revision }.map(\.bytes)
      for piece in Broadcasts.pieces(rest) { member.channel.send(piece) }
    }
  }

  private func send(_ page: [Followed], to member: Member, _ number: Int, _ shown: inout Announcements) {
    for followed in page where shown.shows(followed, to: member.previews, number) {
      if let event = followed.event, event.revision <= member.revision { continue }
      if !member.channel.send(Broadcasts.frame(followed)) { return }
    }
  }

  /// Frames put together, so that few sends carry them.
  static func pieces(_ frames: [[UInt8]]) -> [[UInt8]] {
    if frames.count == 1 { return frames }
    var pieces: [[UInt8]] = []
    var piece: [UInt8] = []
    for frame in frames {
      if !piece.isEmpty, piece.count + frame.count > pieceSize {
        pieces.append(piece)
        piece = []
      }
      piece += frame
    }
    if !piece.isEmpty { pieces.append(piece) }
    return pieces
  }

  static func frame(_ followed: Followed) -> [UInt8] {
    let (type, json) =
      switch followed {
      case .event(let event): (event.type.rawValue, event.json)
      case .preview(let preview): preview.wire
      }
    let bytes = Broadcasts.onOneLine(json.bytes)
    var frame: [UInt8] = []
    frame.reserveCapacity(bytes.count + type.utf8.count + 16)
    frame += "event: ".utf8
    frame += type.utf8
    frame += "\ndata: ".utf8
    frame += bytes
    frame += "\n\n".utf8
    return frame
  }

  /// JSON with the line ends escaped that it may hold as they are (U+0085, U+2028, U+2029): some clients part lines
  /// at them, too.
  static func onOneLine(_ json: [UInt8]) -> [UInt8] {
    func escape(at place: Int) -> (text: String, length: Int)? {
      switch json[place] {
      case 0xC2 where json[place + 1] == 0x85: ("\\u0085", 2)
      case 0xE2 where json[place + 1] == 0x80 && json[place + 2] == 0xA8: ("\\u2028", 3)
      case 0xE2 where json[place + 1] == 0x80 && json[place + 2] == 0xA9: ("\\u2029", 3)
      default: nil
      }
    }
    guard json.indices.contains(where: { escape(at: $0) != nil }) else { return json }
    var line: [UInt8] = []
    var place = 0
    while place < json.count {
      if let (text, length) = escape(at: place) {
        line += text.utf8
        place += length
      } else {
        line.append(json[place])
        place += 1
      }
    }
    return line
  }
}

/// Which events' starts each member was shown: text comes only after its start, and each start once.
private struct Announcements {
  /// By member, the ids of events whose start was shown and which have not come.
  private var announced: [Int: Set<String>] = [:]

  /// Forgets those who have left.
  mutating func keep(_ members: some Sequence<Int>) {
    if announced.isEmpty { return }
    let there = Set(members)
    announced = announced.filter { there.contains($0.key) }
  }

  mutating func shows(_ followed: Followed, to wanted: [EventType], _ member: Int) -> Bool {
    switch followed {
    case .event(let event):
      announced[member]?.remove(event.id)
      return true
    case .preview(.start(let type, let id)):
      return wanted.contains(type) && announced[member, default: []].insert(id).inserted
    case .preview(.text(_, _, let id)):
      return announced[member]?.contains(id) == true
    }
  }
}
