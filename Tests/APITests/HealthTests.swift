import JSON
import Logging
import PathSupport
import Primitives
import TestSupport
import Testing

@testable import API

@Suite(.timeLimit(.minutes(5))) struct HealthTests {
  private struct Broken: Error, CustomStringConvertible {
    let description = "/var/lib/errand is gone."
  }

  private static func health(_ clock: ManualTime, _ checks: [HealthCheck], log: Logger = Path.log) -> Health {
    Health(checks, time: clock.time, log: log)
  }

  @Test func `each check that fails is told, in their order, and errors too`() async {
    let clock = ManualTime(Timestamp("2026-11-12T09:00:00Z")!)
    let health = Self.health(
      clock,
      [
        HealthCheck("one", "One is wrong.") { throw Broken() }, HealthCheck("two", "Two is wrong.") { nil },
        HealthCheck("three", "Three is wrong.") { "It is 3 too many." },
      ])
    #expect(
      await health.findings() == [
        HealthCheck.Finding(check: "one", sentence: "One is wrong.", detail: "/var/lib/errand is gone."),
        HealthCheck.Finding(check: "three", sentence: "Three is wrong.", detail: "It is 3 too many."),
      ])
  }

  @Test func `an answer serves for a second, and many who ask at once`() async {
    let clock = ManualTime(Timestamp("2026-11-12T09:00:00Z")!)
    let asked = Lock(0)
    let health = Self.health(
      clock,
      [
        HealthCheck("one", "One is wrong.") {
          asked.withLock { $0 += 1 }
          return nil
        }
      ])
    await withTaskGroup { group in
      for _ in 0..<50 { group.addTask { _ = await health.findings() } }
    }
    #expect(asked.withLock { $0 } == 1)
    clock.advance(by: .milliseconds(999))
    _ = await health.findings()
    #expect(asked.withLock { $0 } == 1)
    clock.advance(by: .milliseconds(1))
    _ = await health.findings()
    #expect(asked.withLock { $0 } == 2)
  }

  @Test func `a check that hangs has failed, and is not started again before it comes back`() async throws {
    let clock = ManualTime(Timestamp("2026-11-12T09:00:00Z")!)
    let started = Lock(0)
    let gate = AsyncStream.makeStream(of: Void.self)
    let lines = Lock<[String]>([])
    let health = Self.health(
      clock,
      [
        HealthCheck("database", "The database cannot be written or read.") {
          started.withLock { $0 += 1 }
          for await _ in gate.stream { break }
          return nil
        }
      ], log: Logger(label: "test") { _ in LineLog(lines) })
    let first = Task { await health.findings() }
    await clock.sleepers(1)
    clock.advance(by: Health.patience)
    #expect(await first.value.map(\.detail) == ["It has not answered for 2s."])
    clock.advance(by: .seconds(8))
    #expect(await health.findings().map(\.detail) == ["It has not answered for 10s."])
    #expect(started.withLock { $0 } == 1)
    gate.continuation.finish()
    repeat {
      clock.advance(by: .seconds(1))
      await Task.yield()
    } while await !health.findings().isEmpty
    #expect(
      lines.withLock { $0 } == [
        "The server is not well. database: It has not answered for 2s.", "The server is well again.",
      ])
  }

  @Test func `strangers hear which part it is, those with a key what exactly`() async throws {
    let health = Health(
      [HealthCheck("disk", "The disk is full, or nearly so.") { "The disk of /srv/data has 3 MiB left." }],
      log: Path.log)
    try await withAPI(health: health) { api in
      let stranger = try await api.send("GET", "/healthz", headers: [])
      #expect(stranger.status == 503)
      #expect(stranger.json["status"] == "failing")
      #expect(stranger.json["reasons"] == [["check": "disk", "reason": "The disk is full, or nearly so."]])
      #expect(stranger.message == "disk: The disk is full, or nearly so.")
      #expect(!stranger.text.contains("/srv"))
      let known = try await api.get("/healthz")
      #expect(known.status == 503)
      #expect(known.json["reasons"]?[0]?["detail"] == "The disk of /srv/data has 3 MiB left.")
    }
  }
}
