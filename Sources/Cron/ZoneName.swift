import FileSystem
import Glibc

/// The names of zones: how they are written, and which real one a wrong one resembles.
enum ZoneName {
  /// Whether a name is written like those of the IANA database: up to three parts of letters, digits, `_`,
  /// `+` and `-`, the first beginning with a capital letter. So no name has a dot, leaves its directory, or
  /// reaches the `posix`, `right` and `localtime` that some systems keep there.
  static func isWellFormed(_ name: String) -> Bool {
    guard name.utf8.count <= 64, let first = name.utf8.first, (0x41...0x5A).contains(first) else {
      return false
    }
    let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return parts.count <= 3 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isAllowed) }
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"): true
    default: false
    }
  }

  /// The real name most like a wrong one, or nil when none is near: the same in other capitals, the same
  /// city in another region, or one of a few letters' difference.
  static func nearest(to name: String, in directory: String) -> String? {
    let wanted = folded(name)
    let city = lastPart(wanted)
    var best: (name: String, distance: Int)?
    for candidate in all(in: directory) {
      let other = folded(candidate)
      var distance = editDistance(wanted, other)
      if lastPart(other) == city { distance = min(distance, 1) }
      if distance < best?.distance ?? max(2, wanted.count / 3 + 1) { best = (candidate, distance) }
    }
    return best?.name
  }

  /// The real name that a text is in other capitals; nil when it is none.
  static func inOtherCapitals(_ name: String, in directory: String) -> String? {
    guard name.utf8.count <= 64, name.utf8.allSatisfy({ isAllowed($0) || $0 == UInt8(ascii: "/") }) else {
      return nil
    }
    let wanted = folded(name)
    return all(in: directory).first { folded($0) == wanted }
  }

  /// Lower case, with nothing but letters, digits, signs and slashes.
  private static func folded(_ name: String) -> [UInt8] {
    name.utf8.filter { $0 != UInt8(ascii: "_") }.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
  }

  private static func lastPart(_ name: [UInt8]) -> [UInt8] {
    Array(name.suffix(from: name.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0))
  }

  /// Every well-formed name that has a file, sorted.
  private static func all(in directory: String) -> [String] {
    var names: [String] = []
    var folders = [""]
    while let folder = folders.popLast(), names.count < 5000 {
      // What cannot be read has no names to offer.
      try? FolderList.read(directory + "/" + folder) { entry in
        let name = folder + entry.name
        guard isWellFormed(name) else { return }
        if entry.isFolder { folders.append(name + "/") } else { names.append(name) }
      }
    }
    return names.sorted()
  }

  /// The least number of letters to insert, remove or replace (Levenshtein).
  private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in right.enumerated() {
        let above = row[j + 1]
        row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a == b ? 0 : 1))
        diagonal = above
      }
    }
    return row[right.count]
  }
}
