import Foundation
import Testing

@testable import Cron

@Suite struct `The zones read from files` {
  @Test func `are read again when the file was replaced, and those handed out stay`() throws {
    let folder = "/tmp/errand-zones-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }  // a leftover in /tmp does no harm
    try FileManager.default.createDirectory(atPath: folder + "/Test", withIntermediateDirectories: true)
    let path = folder + "/Test/City"
    try bytes("Asia/Tokyo").write(to: URL(fileURLWithPath: path))
    let first = try Zone.named("Test/City", directory: folder)
    #expect(first.offset(at: 1_700_000_000) == 32_400)

    let fresh = folder + "/Test/fresh"
    try bytes("Asia/Kolkata").write(to: URL(fileURLWithPath: fresh))
    #expect(rename(fresh, path) == 0)
    #expect(try Zone.named("Test/City", directory: folder).offset(at: 1_700_000_000) == 19_800)
    #expect(first.offset(at: 1_700_000_000) == 32_400)

    try Data("TZif".utf8).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: ZoneError.self) { try Zone.named("Test/City", directory: folder) }
    #expect(
      error?.description
        == "The data of time zone Test/City is damaged: it is cut short. Install or repair the tzdata package."
    )

    try FileManager.default.removeItem(atPath: path)
    #expect(throws: ZoneError.unknown("Test/City", nearest: nil)) {
      try Zone.named("Test/City", directory: folder)
    }
  }

  @Test func `are whole: a file cut anywhere is refused`() throws {
    for name in ["Pacific/Apia", "Asia/Tokyo"] {
      let whole = [UInt8](try bytes(name))
      _ = try Zone(name: name, tzif: whole)
      for length in 0..<whole.count {
        #expect(throws: ZoneError.self) { try Zone(name: name, tzif: Array(whole.prefix(length))) }
      }
      #expect(throws: ZoneError.self) { try Zone(name: name, tzif: whole + [0]) }
    }
  }

  @Test func `never break the reader or a search, however damaged`() throws {
    var random = SeededGenerator(seed: 9)
    let whole = [UInt8](try bytes("Asia/Gaza"))
    let expression = try CronExpression("30 2 * * *")
    var accepted = 0
    for _ in 0..<1500 {
      var damaged = whole
      for _ in 0..<random.pick(1...3) {
        damaged[random.pick(0...whole.count - 1)] = UInt8(random.pick(0...255))
      }
      // Being refused is one of the two good outcomes.
      guard let zone = try? Zone(name: "Asia/Gaza", tzif: damaged) else { continue }
      accepted += 1
      let schedule = CronSchedule(expression: expression, zone: zone)
      let instant = Int64.random(in: 0..<8_000_000_000, using: &random)
      if let next = schedule.next(after: instant) { #expect(next > instant) }
      if let previous = schedule.previous(before: instant) { #expect(previous < instant) }
    }
    #expect(accepted > 100)
  }

  private func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: Vectors.folder("zoneinfo") + "/" + name))
  }
}
