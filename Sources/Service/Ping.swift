import API
import HTTPClient
import Logging
import Primitives
import Schedules
import Store

/// The dead man's switch: asks an address every minute as long as all is well. Whoever answers there raises the
/// alarm when nobody asks any more, whatever the cause: a stopped machine tells nobody by itself.
struct Ping {
  let url: String
  let client: HTTPClient
  let database: Database
  let schedules: Schedules
  let log: Logger
  var time = Time.system
  /// What else must be well.
  var health: Health?

  static let period = Duration.seconds(60)

  func run() async throws {
    let born = time.now()
    while !Task.isCancelled {
      await ask(born: born)
      try await time.sleep(Ping.period)
    }
  }

  /// A failed ping is a line in the log; whoever waits for it notices by itself.
  func ask(born: Timestamp) async {
    do {
      if let fault = try await database.read({ [schedules] tx in try schedules.fault(tx, born: born) }) {
        log.error("No ping: \(fault)")
        return
      }
      if let finding = await health?.findings().first {
        log.error("No ping: \(finding.check): \(finding.detail)")
        return
      }
      let answer = try await client.send(HTTPClient.Request(url: url, timeout: .seconds(20)))
      if answer.status >= 300 { log.warning("The ping to \(place) was answered with \(answer.status).") }
    } catch is CancellationError {
      return
    } catch {
      log.warning("The ping to \(place) failed: \(error)")
    }
  }

  /// The address without its path, which is often the only secret of such a service.
  private var place: String {
    url.split(separator: "/", omittingEmptySubsequences: false).prefix(3).joined(separator: "/")
  }
}
