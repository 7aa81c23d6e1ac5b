import Catalog
import Logging
import Primitives
import Processes

/// The way out of one sandbox: an HTTP proxy whose listening socket lies inside the sandbox's network, on
/// loopback, while everything that decides and connects runs here. The sandbox has no other route and holds
/// nothing of the proxy that it could end, change or read.
///
/// It takes `CONNECT` and requests for `http` addresses. Per request it asks, in this order: does the environment
/// allow the host, which addresses has the name now, which of these may be reached, may the port be. Then it
/// connects to an address that passed, so a name that resolves differently a moment later leads nowhere else.
final class EgressProxy: Sendable {
  /// Of 127.0.0.1 in the sandbox.
  static let port: UInt16 = 3128

  /// What programs in the sandbox go by to find the proxy.
  static let environment: [String: String] = {
    let address = "http://127.0.0.1:\(port)"
    var variables = Dictionary(
      uniqueKeysWithValues: ["http_proxy", "https_proxy", "all_proxy"].flatMap {
        [($0, address), ($0.uppercased(), address)]
      })
    for name in ["no_proxy", "NO_PROXY"] { variables[name] = "localhost,127.0.0.1,::1" }
    variables["NODE_USE_ENV_PROXY"] = "1"
    return variables
  }()

  private let shared: Shared

  /// What connections need; lives as long as the last of them.
  private final class Shared: Sendable {
    struct State {
      var open: [UInt64: EgressConnection] = [:]
      var next: UInt64 = 0
      var isStopped = false
      /// Of the watch of the listener.
      var token: UInt64?
    }
    let listener: Descriptor
    let rules: EgressRules
    let settings: EgressSettings
    let traffic: Lock<EgressTraffic>
    /// For looking names up.
    let lookups: Seats
    let state = Lock(State())

    init(
      _ listener: Descriptor, _ rules: EgressRules, _ settings: EgressSettings, _ traffic: Lock<EgressTraffic>
    ) {
      self.listener = listener
      self.rules = rules
      self.settings = settings
      self.traffic = traffic
      lookups = Seats(settings.limits.lookups, line: settings.limits.connections)
    }

    func watch() throws {
      let token = try Readiness.shared.watch(listener, .readable) { [weak self] in self?.accept() ?? .stop }
      let isStopped = state.withLock { state in
        state.token = token
        return state.isStopped
      }
      if isStopped { Readiness.shared.stop(token) }
    }

    /// Takes one connection, if one waits.
    private func accept() -> Readiness.Next {
      if state.withLock({ $0.isStopped }) { return .stop }
      do {
        if let socket = try StreamSocket.accept(listener) { take(socket) }
        return .again
      } catch {
        settings.log.warning("A connection of a sandbox was not accepted, and waits: \(error)")
        // No descriptor is left, most likely. Asking again at once would be asking for ever.
        Task { [weak self, settings] in
          while let self, !self.state.withLock({ $0.isStopped }) {
            try await settings.time.sleep(.seconds(1))
            do {
              return try self.watch()
            } catch {
              settings.log.warning("A sandbox's connections still wait: \(error)")
            }
          }
        }
        return .stop
      }
    }

    private func take(_ socket: StreamSocket) {
      let traffic = traffic
      // The traffic is the session's, whichever of its sandboxes this is.
      let session = ObjectIdentifier(traffic)
      let connection = EgressConnection(socket, rules, settings, lookups: lookups, session: session) {
        change in traffic.withLock { change(&$0) }
      }
      let limit = settings.limits.connections
      // Those that are turned away count too, but four times as many as are served are dropped unanswered.
      let place = state.withLock { state -> (number: UInt64, isServed: Bool)? in
        guard !state.isStopped, state.open.count < 4 * limit else { return nil }
        state.next += 1
        let isServed = state.open.count < limit
        state.open[state.next] = connection
        return (state.next, isServed)
      }
      traffic.withLock { traffic in
        traffic.connections += 1
        if place == nil { traffic.refusals += 1 }
      }
      guard let place else { return }
      Task {
        if place.isServed {
          await connection.serve()
        } else {
          await connection.refuse(.tooMany(limit: limit))
        }
        self.state.withLock { $0.open[place.number] = nil }
      }
    }

    func stop() {
      let (open, token) = state.withLock { state in
        state.isStopped = true
        return (Array(state.open.values), state.token)
      }
      if let token { Readiness.shared.stop(token) }
      for connection in open { connection.cut() }
    }
  }

  /// - Parameters:
  ///   - listener: listens where the sandbox can connect; non-blocking.
  ///   - traffic: where what goes through is counted; it may outlive the proxy.
  init(
    listener: Descriptor, networking: Networking, settings: EgressSettings, traffic: Lock<EgressTraffic>
  ) throws {
    let rules = EgressRules(networking: networking, reach: settings.reach)
    shared = Shared(listener, rules, settings, traffic)
    try shared.watch()
  }

  /// No new connections; those that are open end.
  func stop() {
    shared.stop()
  }

  deinit { stop() }
}
