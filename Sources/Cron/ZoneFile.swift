/// The content of a TZif file (RFC 9636), version 2 or later, read strictly.
///
///     header v1 | data v1 (32-bit times, skipped) | header v2 | data v2 | footer
struct ZoneFile {
  /// A change of the offset.
  struct Jump: Hashable, Sendable {
    /// Unix time of the first second with the new offset.
    var instant: Int64
    /// Seconds east of UTC.
    var offset: Int64
  }

  /// What is wrong with the bytes.
  struct Fault: Error {
    let problem: String
  }

  /// The offset before the first jump, in seconds east of UTC.
  let firstOffset: Int64
  /// In ascending order.
  let jumps: [Jump]
  /// What holds after the last jump; nil when the file does not say: then nothing changes any more.
  let footer: ZoneFooter?

  /// More than any real zone has (about 250), and a bound on what a damaged file can make us read.
  private static let mostJumps = 10_000

  init(_ bytes: [UInt8]) throws(Fault) {
    var reader = Reader(bytes: bytes)
    let first = try Header(&reader)
    guard first.version >= 2 else { throw Fault(problem: "it is of version 1, which ends in 2038") }
    try reader.skip(first.dataLength(timeSize: 4))
    let header = try Header(&reader)
    guard header.version == first.version else { throw Fault(problem: "its two headers differ in version") }
    try header.check()

    var instants: [Int64] = []
    for _ in 0..<header.times {
      let instant = Int64(bitPattern: try reader.integer(8))
      guard instant > instants.last ?? Int64.min else { throw Fault(problem: "its times are not ascending") }
      guard (Stretches.past + 1..<Stretches.future).contains(instant) else {
        throw Fault(problem: "a time is out of all range")
      }
      instants.append(instant)
    }
    let kinds = try reader.take(header.times)
    guard kinds.allSatisfy({ $0 < header.types }) else { throw Fault(problem: "a time has no type") }
    var offsets: [Int64] = []
    for _ in 0..<header.types {
      let offset = Int64(Int32(truncatingIfNeeded: try reader.integer(4)))
      let flags = try reader.take(2)
      // The bounds the RFC recommends; a whole day, as in Manila or Alaska, is well inside.
      guard (-89_999...93_599).contains(offset) else {
        throw Fault(problem: "an offset is \(offset) seconds")
      }
      guard flags.first ?? 2 <= 1, flags.last ?? .max < header.characters else {
        throw Fault(problem: "a type has an impossible flag or name")
      }
      offsets.append(offset)
    }
    try reader.skip(header.characters + header.standardFlags + header.universalFlags)
    footer = try ZoneFile.footer(&reader)
    firstOffset = offsets[0]
    jumps = zip(instants, kinds).map { Jump(instant: $0, offset: offsets[Int($1)]) }
  }

  private static func footer(_ reader: inout Reader) throws(Fault) -> ZoneFooter? {
    let rest = reader.rest()
    guard rest.count >= 2, rest.first == 0x0A, rest.last == 0x0A else {
      throw Fault(problem: "its last line is not whole")
    }
    let text = rest.dropFirst().dropLast()
    return text.isEmpty ? nil : try ZoneFooter(text)
  }

  /// The fixed start of both halves of the file: magic, version and six counts.
  private struct Header {
    let version: Int
    let universalFlags, standardFlags, leaps, times, types, characters: Int

    init(_ reader: inout Reader) throws(Fault) {
      guard try reader.take(4).elementsEqual("TZif".utf8) else { throw Fault(problem: "it is no TZif file") }
      let letter = try reader.take(1).first ?? 0
      version = letter == 0 ? 1 : Int(letter) - 0x30
      guard (1...4).contains(version) else { throw Fault(problem: "its version is unknown") }
      try reader.skip(15)
      universalFlags = Int(try reader.integer(4))
      standardFlags = Int(try reader.integer(4))
      leaps = Int(try reader.integer(4))
      times = Int(try reader.integer(4))
      types = Int(try reader.integer(4))
      characters = Int(try reader.integer(4))
    }

    func dataLength(timeSize: Int) -> Int {
      times * (timeSize + 1) + types * 6 + characters + leaps * (timeSize + 4) + standardFlags
        + universalFlags
    }

    func check() throws(Fault) {
      guard leaps == 0 else { throw Fault(problem: "it counts leap seconds, which Unix times do not") }
      guard (1...256).contains(types), characters >= 1, times <= mostJumps,
        [0, types].contains(standardFlags), [0, types].contains(universalFlags)
      else { throw Fault(problem: "its counts contradict each other") }
    }
  }

  /// Takes bytes from the front; running out is a fault.
  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    mutating func take(_ count: Int) throws(Fault) -> ArraySlice<UInt8> {
      guard count <= bytes.count - position else { throw Fault(problem: "it is cut short") }
      defer { position += count }
      return bytes[position..<position + count]
    }

    mutating func skip(_ count: Int) throws(Fault) {
      _ = try take(count)
    }

    /// A big-endian number of up to eight bytes.
    mutating func integer(_ size: Int) throws(Fault) -> UInt64 {
      try take(size).reduce(0) { $0 << 8 | UInt64($1) }
    }

    func rest() -> ArraySlice<UInt8> {
      bytes[position...]
    }
  }
}
