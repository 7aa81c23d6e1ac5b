import Logging
import Primitives
import TestSupport
import Testing

@testable import Hooks

@Suite struct `The log of refused webhooks` {
  @Test func `has the first of a minute at once and the others as a number`() {
    let lines = Lock<[String]>([])
    let clock = ManualTime(Timestamp("2026-12-01T09:00:10Z")!)
    let log = RefusalLog(time: clock.time, log: Logger(label: "test") { _ in LineLog(lines) })
    for _ in 0..<1000 { log.note(source: "desk", code: "bad_signature", "The signature is wrong.") }
    log.note(source: nil, code: "unknown_source", "There is no source of that name.")
    log.sum()
    #expect(
      lines.withLock { $0 } == [
        "A webhook to the source desk was refused (bad_signature): The signature is wrong.",
        "A webhook to no source that there is was refused (unknown_source): There is no source of that name.",
      ])
    clock.advance(by: .seconds(60))
    log.sum()
    log.sum()
    #expect(
      lines.withLock { $0.dropFirst(2) } == [
        "999 more webhooks to the source desk were refused (bad_signature) in the minute from 2026-12-01T09:00:00Z."
      ])
  }
}
