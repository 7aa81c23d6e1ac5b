import Foundation
import JSON
import Primitives
import Testing

/// Random values and random damage; the seeds make every failure come again.
@Suite struct FuzzTests {
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `what is written reads back as it was, in every form`(seed: UInt64) throws {
    var random = Generator(seed: seed)
    for _ in 0..<60 {
      let value = random.value(depth: 5)
      let read = try JSON(parsing: value.bytes)
      #expect(read == value)
      #expect(read.hashValue == value.hashValue)
      #expect(read.bytes == value.bytes)
      #expect(try JSON(parsing: value.prettyText).bytes == value.bytes)
      #expect(try JSON(parsing: value.canonicalBytes) == value)
      #expect(try JSON(parsing: value.canonicalBytes).canonicalBytes == value.canonicalBytes)
    }
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `Foundation reads what we write, and means the same`(seed: UInt64) throws {
    var random = Generator(seed: seed)
    for _ in 0..<50 {
      let value = random.value(depth: 4)
      let object = try JSONSerialization.jsonObject(with: Data(value.bytes), options: .fragmentsAllowed)
      let written = try JSONSerialization.data(withJSONObject: object, options: .fragmentsAllowed)
      #expect(try alike(JSON(parsing: written), value), "\(value)")
    }
  }

  @Test(arguments: 1...16 as ClosedRange<UInt64>)
  func `damaged texts never crash and are judged as Foundation judges them`(seed: UInt64) throws {
    var random = Generator(seed: seed)
    var taken = 0
    for _ in 0..<200 {
      var bytes = random.value(depth: 3).bytes
      for _ in 0...random.below(3) { random.damage(&bytes) }
      let limits = JSON.Limits(duplicateKeys: .keepLast)
      let ours = Result { () throws(JSONError) in try JSON(parsing: bytes, limits: limits) }
      if case .failure(let error) = ours {
        #expect((0...bytes.count).contains(error.offset))
        #expect(error.line >= 1 && error.column >= 1)
      } else {
        taken += 1
      }
      // Foundation guesses UTF-16 and UTF-32 from zero bytes and takes byte order marks; we do neither.
      guard !bytes.contains(0), !bytes.starts(with: [0xEF]), !bytes.starts(with: [0xFE]),
        !bytes.starts(with: [0xFF])
      else { continue }
      // Only whether they throw is compared, so the errors are dropped.
      let theirs = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
      let isOurs = (try? ours.get()) != nil
      #expect(isOurs == theirs, "\(ours) of \(String(decoding: bytes, as: UTF8.self)) \(bytes)")
    }
    #expect(taken > 10)
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func `random bytes never crash`(seed: UInt64) {
    var random = Generator(seed: seed)
    let common = Array("{}[]\":,0123456789.eE+-\\u truefalsn\n\u{e9}".utf8)
    for _ in 0..<1500 {
      let bytes = (0..<random.below(40)).map { _ in
        random.below(10) == 0 ? UInt8(random.below(256)) : common[random.below(common.count)]
      }
      // The sentence is made from the damaged bytes too.
      do throws(JSONError) {
        let value = try JSON(parsing: bytes)
        #expect(try JSON(parsing: value.bytes) == value)
      } catch {
        #expect(error.description.hasPrefix("The JSON text is wrong at line "))
      }
    }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func `numbers are rounded as the standard library rounds them`(seed: UInt64) throws {
    var random = Generator(seed: seed)
    for _ in 0..<1000 {
      let text = random.numberText()
      let expected = try #require(Double(text))
      guard expected.isFinite else {
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
        continue
      }
      let value = try JSON(parsing: text)
      #expect(value.numberValue?.bitPattern == expected.bitPattern, "\(text)")
    }
    for _ in 0..<1000 {
      let number = Double(bitPattern: random.next())
      guard number.isFinite else { continue }
      #expect(try JSON(parsing: JSON.number(number).bytes).numberValue?.bitPattern == number.bitPattern)
    }
  }

  /// Equal but for the last digits of numbers, which Foundation may round on its way.
  func alike(_ left: JSON, _ right: JSON) -> Bool {
    switch (left, right) {
    case (.array(let left), .array(let right)):
      left.count == right.count && zip(left, right).allSatisfy(alike)
    case (.object(let left), .object(let right)):
      left.count == right.count
        && left.allSatisfy { key, value in right[key].map { alike(value, $0) } ?? false }
    default:
      if let left = left.numberValue, let right = right.numberValue {
        abs(left - right) <= 1e-12 * abs(right)
      } else {
        left == right
      }
    }
  }
}

/// Random values that reach the corners.
struct Generator {
  private let randomness: Randomness

  init(seed: UInt64) {
    randomness = .seeded(seed)
  }

  mutating func next() -> UInt64 { randomness.number() }
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  mutating func value(depth: Int) -> JSON {
    switch below(depth > 0 ? 9 : 6) {
    case 0: return .null
    case 1: return .bool(below(2) == 0)
    case 2: return .integer(Int64(bitPattern: next()) >> below(64))
    case 3:
      let number = Double(bitPattern: next())
      return .number(number.isFinite ? number : 0.5)
    case 4: return .number(Double(below(2_000_000) - 1_000_000) / 1000)
    case 5: return .string(text())
    case 6: return .array((0..<below(6)).map { _ in value(depth: depth - 1) })
    default:
      var object = JSON.Object()
      for _ in 0..<(below(12) == 0 ? 40 : below(6)) { object[text()] = value(depth: depth - 1) }
      return .object(object)
    }
  }

  mutating func text() -> String {
    var text = ""
    for _ in 0..<below(14) {
      switch below(8) {
      case 0: text.unicodeScalars.append(Unicode.Scalar(UInt8(below(0x20))))
      case 1: text += ["\"", "\\", "/", "\u{7F}", "e\u{301}", "👩‍🚀", "\u{2028}"][below(7)]
      case 2: text.unicodeScalars.append(Unicode.Scalar(UInt32(below(0x11_0000))) ?? "é")
      default: text.unicodeScalars.append(Unicode.Scalar(UInt8(0x20 + below(0x5F))))
      }
    }
    return text
  }

  mutating func numberText() -> String {
    let digits = (0..<1 + below(25)).map { _ in "\(below(10))" }.joined()
    let whole = String(digits.drop { $0 == "0" })
    var text = (below(2) == 0 ? "-" : "") + (whole.isEmpty ? "0" : whole)
    // A whole number would be read as an integer, which knows no negative zero.
    text += "." + (0..<1 + below(25)).map { _ in "\(below(10))" }.joined()
    if below(2) == 0 { text += ["e", "E", "e+", "E-", "e-"][below(5)] + "\(below([5, 30, 400][below(3)]))" }
    return text
  }

  /// One byte changed, removed or added.
  mutating func damage(_ bytes: inout [UInt8]) {
    let marks = Array("{}[]\":,0.eE-+\\ \n\tn".utf8)
    let byte = below(2) == 0 ? UInt8(below(256)) : marks[below(marks.count)]
    let place = below(bytes.count + 1)
    switch below(4) {
    case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(below(8))
    case 1 where place < bytes.count: bytes.remove(at: place)
    case 2 where place < bytes.count: bytes[place] = byte
    default: bytes.insert(byte, at: place)
    }
  }
}
