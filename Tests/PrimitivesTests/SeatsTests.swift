import Primitives
import Testing

@Suite struct SeatsTests {
  /// Waits until so many are in the line.
  private func line(_ seats: Seats, _ count: Int) async throws {
    while seats.waiting != count { await Task.yield() }
  }

  @Test func `who comes too many waits in line, in order, and the line has an end`() async throws {
    let seats = Seats(2, line: 2)
    #expect(await seats.take())
    #expect(await seats.take())
    let order = Lock<[Int]>([])
    let first = Task { if await seats.take() { order.withLock { $0.append(1) } } }
    try await line(seats, 1)
    let second = Task { if await seats.take() { order.withLock { $0.append(2) } } }
    try await line(seats, 2)
    #expect(await !seats.take())
    seats.leave()
    await first.value
    seats.leave()
    await second.value
    #expect(order.withLock { $0 } == [1, 2])
    // The two seats are taken still.
    let third = Task { await seats.take() }
    try await line(seats, 1)
    seats.leave()
    #expect(await third.value)
  }

  @Test func `an owner without a seat finds one that the others cannot take`() async throws {
    let seats = Seats(2, spare: 1, line: 5)
    let (busy, quick, late) = (Lock(0), Lock(0), Lock(0))
    func owner(_ object: Lock<Int>) -> Seats.Owner { ObjectIdentifier(object) }
    for _ in 1...2 { #expect(await seats.take(for: owner(busy))) }
    let third = Task { await seats.take(for: owner(busy)) }
    try await line(seats, 1)
    #expect(await seats.take(for: owner(quick)))
    // The spare one is taken too now.
    let fourth = Task { await seats.take(for: owner(late)) }
    try await line(seats, 2)
    // It came later and has none yet.
    seats.leave(for: owner(busy))
    #expect(await fourth.value)
    #expect(seats.waiting == 1)
    seats.leave(for: owner(quick))
    #expect(seats.waiting == 1)
    seats.leave(for: owner(late))
    #expect(await third.value)
  }

  @Test func `who is cancelled in the line leaves it and takes no seat`() async throws {
    let seats = Seats(1, line: 5)
    #expect(await seats.take())
    let waiting = Task { await seats.take() }
    try await line(seats, 1)
    waiting.cancel()
    #expect(await !waiting.value)
    #expect(seats.waiting == 0)
    seats.leave()
    #expect(await seats.take())
  }
}
