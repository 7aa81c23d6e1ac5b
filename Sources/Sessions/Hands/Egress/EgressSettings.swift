package import HTTPClient
package import Logging
package import Primitives

/// How the sandboxes of this server reach the network.
package struct EgressSettings: Sendable {
  /// Which addresses may be connected to, whatever the environment allows by name.
  package var reach: HTTPClient.Reach
  package var names: NameLookup
  package var limits = EgressLimits()
  package var time: Time
  package var log: Logger

  /// - Parameter allowing: the private blocks that the operator opens.
  package init(
    allowing: [CIDR] = [], names: NameLookup = .system, time: Time = .system,
    log: Logger = Logger(label: "egress")
  ) {
    reach = .publicOnly(allowing: allowing)
    self.names = names
    self.time = time
    self.log = log
  }
}

/// What one session's proxy takes on.
package struct EgressLimits: Sendable {
  /// Connections open at one time; further ones are told to come back.
  package var connections = 64
  /// Bytes of a request's head.
  package var head = 16 << 10
  /// For a request's head, once connected.
  package var headTime = Duration.seconds(30)
  /// For finding the addresses of a name and connecting to one.
  package var connectTime = Duration.seconds(30)
  /// Without a byte in either direction.
  package var idleTime = Duration.seconds(300)
  /// Names looked up at one time; those of further connections wait in line, so that one sandbox with many slow
  /// names does not keep the others waiting.
  package var lookups = 4
  /// Addresses of a name that are tried.
  package var addresses = 4

  package init() {}
}

/// What went through one session's proxy.
package struct EgressTraffic: Sendable, Equatable {
  /// Bytes that left the sandbox, and that entered it.
  package var sent: Int64 = 0
  package var received: Int64 = 0
  package var connections = 0
  package var refusals = 0

  package init() {}

  /// The end of a sentence that begins with whose it is.
  var words: String {
    "sent \(sent) and received \(received) bytes over \(connections) connections; \(refusals) requests were refused."
  }
}
