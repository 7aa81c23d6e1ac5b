import Glibc
import Processes

/// The user ids of this machine that sandboxes of root's may have. Each workspace has one to itself, because much of
/// what the kernel gives out it counts by user, in whatever namespaces: watches on files, the size of pipes, keys.
package struct UserRange: Sendable, Equatable, CustomStringConvertible {
  package var first: UInt32
  package var count: UInt32

  /// Below lie the users of the system and of people; the last two ids mean nobody.
  static let lowest: UInt32 = 1000
  static let highest: UInt32 = .max - 2

  /// Ids that no distribution and no container manager gives to anybody (1879048192 to 2147352575 are unused, by
  /// systemd's table of ids).
  static let standard = UserRange(first: 0x7000_0000, count: 65_536)
  /// The same within the first 65536 ids, all that many containers have.
  static let low = UserRange(first: 60_578, count: 606)

  init(first: UInt32, count: UInt32) {
    (self.first, self.count) = (first, count)
  }

  /// Of `START:COUNT`, two whole numbers; nil for anything else, and for ids that are no sandbox's to have.
  package init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
      let first = UInt32(parts[0]), let count = UInt32(parts[1])
    else { return nil }
    self.init(first: first, count: count)
    guard count > 0, first >= Self.lowest, Self.highest - first >= count - 1 else { return nil }
  }

  package var description: String { "\(first):\(count)" }
  var ids: ClosedRange<UInt32> { first...(first + (count - 1)) }

  /// What this machine's `/etc/subuid` sets aside for `errand`, else for root; else ids that nobody else has.
  package static func ofMachine() -> UserRange {
    let text = { (path: String) in String(decoding: ProcFile.read(path) ?? [], as: UTF8.self) }
    return chosen(subuid: text("/etc/subuid"), uidMap: text("/proc/self/uid_map"))
  }

  /// - Parameters:
  ///   - subuid: lines of `name:first:count` (subuid(5)).
  ///   - uidMap: lines of `first outside count` (user_namespaces(7)).
  static func chosen(subuid: String, uidMap: String) -> UserRange {
    for name in ["errand", "root"] {
      for line in subuid.split(whereSeparator: \.isNewline) where line.hasPrefix("\(name):") {
        if let range = UserRange(String(line.dropFirst(name.utf8.count + 1))) { return range }
      }
    }
    return standard.isMapped(by: uidMap) || !low.isMapped(by: uidMap) ? standard : low
  }

  /// Whether the machine, or the container that we are in, has these ids.
  func isMapped(by map: String) -> Bool {
    map.split(whereSeparator: \.isNewline).contains { line in
      let numbers = line.split(separator: " ").compactMap { UInt64($0) }
      return numbers.count == 3 && numbers[0] <= UInt64(first)
        && UInt64(first) + UInt64(count) <= numbers[0] + numbers[2]
    }
  }

  /// Why sandboxes cannot have these ids here; nil when they can.
  /// - Parameter passwd: as `/etc/passwd` is (passwd(5)).
  func problem(passwd: String, uidMap: String, gidMap: String) -> String? {
    let taken = passwd.split(whereSeparator: \.isNewline).compactMap { line -> String? in
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      guard fields.count > 2, let id = UInt32(fields[2]), ids.contains(id) else { return nil }
      return "\(fields[0]) (\(id))"
    }
    if let user = taken.first {
      return "\(user)\(taken.count > 1 ? " and \(taken.count - 1) others have" : " has") one of them"
    }
    guard isMapped(by: uidMap), isMapped(by: gidMap) else {
      return "this container does not have all of them (/proc/self/uid_map, gid_map)"
    }
    return nil
  }

  /// - Throws: `HandsError.users`.
  func check() throws {
    let text = { (path: String) in String(decoding: ProcFile.read(path) ?? [], as: UTF8.self) }
    let problem = problem(
      passwd: text("/etc/passwd"), uidMap: text("/proc/self/uid_map"), gidMap: text("/proc/self/gid_map"))
    if let problem { throw HandsError.users(range: description, detail: problem) }
  }
}
