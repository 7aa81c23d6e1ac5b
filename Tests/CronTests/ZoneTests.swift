import Foundation
import Testing

@testable import Cron

@Suite struct `A zone` {
  /// Zones whose offsets have long been settled, so that any database agrees.
  @Test(arguments: [
    "Europe/Riga", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Tokyo",
    "Pacific/Kwajalein", "Asia/Kathmandu", "America/Caracas", "Pacific/Chatham",
  ])
  func `has the offsets that Foundation knows`(name: String) throws {
    let zone = try Vectors.zone(name)
    let oracle = try #require(TimeZone(identifier: name))
    var random = SeededGenerator(seed: 3)
    for _ in 0..<2000 {
      // 1970 to 2100.
      let instant = Int64.random(in: 0..<4_102_444_800, using: &random)
      let expected = oracle.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant)))
      #expect(zone.offset(at: instant) == expected, "\(name) at \(instant)")
    }
  }

  @Test func `UTC never changes`() {
    #expect(Zone.utc.offset(at: .min) == 0)
    #expect(Zone.utc.transition(after: 0) == nil)
    #expect(Zone.utc.transition(before: 0) == nil)
    #expect(Zone.utc.local(at: -1).description == "1969-12-31T23:59:59+00:00")
  }

  @Test func `has an answer at the ends of all numbers`() throws {
    let riga = try Vectors.zone("Europe/Riga")
    #expect(riga.offset(at: .min) == 5794)
    #expect([7200, 10_800].contains(riga.offset(at: .max)))
    #expect(riga.transition(before: .min) == nil)
    #expect(riga.transition(after: .max) != nil)
    #expect(riga.local(at: .max).year > riga.local(at: .min).year)
  }

  @Test func `tells its jumps in both directions`() throws {
    let riga = try Vectors.zone("Europe/Riga")
    let spring = try unix("2026-03-29T01:00:00Z")
    let jump = Zone.Transition(instant: spring, offsetBefore: 7200, offsetAfter: 10_800)
    #expect(riga.transition(after: spring - 1) == jump)
    #expect(riga.transition(before: spring + 1) == jump)
    #expect(riga.transition(after: spring)?.instant == (try unix("2026-10-25T01:00:00Z")))
    #expect(riga.local(at: spring - 1).description == "2026-03-29T02:59:59+02:00")
    #expect(riga.local(at: spring).description == "2026-03-29T04:00:00+03:00")
  }

  @Test func `repeats its rule for ever`() throws {
    let riga = try Vectors.zone("Europe/Riga")
    let cycle = CivilDay.secondsPerCycle
    var instant = try unix("2100-01-01T00:00:00Z")
    for _ in 0..<100 {
      let jump = try #require(riga.transition(after: instant))
      for rounds in [1, 2, 17] as [Int64] {
        let later = try #require(riga.transition(after: instant + rounds * cycle))
        #expect(later.instant == jump.instant + rounds * cycle)
        #expect(later.offsetAfter == jump.offsetAfter)
        #expect(riga.transition(before: later.instant + 1) == later)
      }
      instant = jump.instant
    }
  }

  @Test(arguments: [
    "America/New_York", "Australia/Lord_Howe", "Europe/Riga", "Africa/Casablanca", "Europe/Dublin",
    "America/Nuuk",
    "Antarctica/Troll",
  ])
  func `is the same whether its file spells out the years to 2037 or leaves them to the rule`(name: String)
    throws
  {
    let fat = try Vectors.zone(name)
    let slim = try Zone.named(name, directory: Vectors.folder("zoneinfo-slim"))
    var instant = try unix("1970-01-01T00:00:00Z")
    let end = try unix("2500-01-01T00:00:00Z")
    var count = 0
    while let jump = fat.transition(after: instant), jump.instant < end {
      #expect(slim.transition(after: instant) == jump)
      instant = jump.instant
      count += 1
    }
    #expect(count >= 80)
  }

  @Test(arguments: [
    "", "../../etc/passwd", "Europe/../UTC", "/etc/localtime", "Europe//Riga", "Europe/", "localtime",
    "posix/UTC",
    "right/UTC", "Europe/Riga\0", "A/B/C/D", "Europe/Rīga", "Europe Riga", "Zone.tab",
  ])
  func `is not looked for under a name of another form`(name: String) {
    #expect(throws: ZoneError.invalidName(name)) { try Zone.named(name) }
  }

  @Test(arguments: [
    ("europe/riga", "Europe/Riga"), ("europe/rga", nil), ("Europe/riga", "Europe/Riga"),
    ("Europe/Rga", "Europe/Riga"),
    ("Riga", "Europe/Riga"),
    ("Asia/Riga", "Europe/Riga"), ("America/Newyork", "America/New_York"), ("Mars/Olympus", nil),
    ("Europe", nil),
  ])
  func `that does not exist is refused with the nearest that does`(name: String, nearest: String?) throws {
    let folder = try Vectors.folder("zoneinfo")
    let error = #expect(throws: ZoneError.self) { try Zone.named(name, directory: folder) }
    let expected =
      name.first?.isUppercase == true || nearest != nil
      ? ZoneError.unknown(name, nearest: nearest) : .invalidName(name)
    #expect(error == expected)
    if let nearest { #expect(error?.description.hasSuffix("did you mean \(nearest)?") == true) }
  }

  @Test func `is there as UTC without any files`() throws {
    #expect(try Zone.named("UTC", directory: "/nowhere").name == "UTC")
    let error = #expect(throws: ZoneError.self) { try Zone.named("Europe/Riga", directory: "/nowhere") }
    #expect(
      error?.description
        == "There is no time zone \"Europe/Riga\" on this system: use an IANA name such as Europe/Berlin or UTC."
    )
  }
}
