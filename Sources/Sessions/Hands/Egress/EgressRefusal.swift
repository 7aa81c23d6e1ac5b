/// Why the proxy does not do what it was asked: a status, and a sentence for whoever reads the answer, which is
/// most often a model.
enum EgressRefusal: Error, Equatable, CustomStringConvertible {
  case malformed(String)
  case headTooLong(limit: Int)
  case tooMany(limit: Int)
  case hostNotAllowed(String, allowed: [String])
  case noPublicAddress(String)
  case portNotAllowed(Int, host: String, allowed: [Int])
  case mailPort(Int)
  case unknownHost(String, reason: String)
  case unreachable(String, port: Int, reason: String)

  var status: Int {
    switch self {
    case .malformed: 400
    case .headTooLong: 431
    case .tooMany: 503
    case .hostNotAllowed, .noPublicAddress, .portNotAllowed, .mailPort: 403
    case .unknownHost, .unreachable: 502
    }
  }

  var reason: String {
    switch status {
    case 400: "Bad Request"
    case 403: "Forbidden"
    case 431: "Request Header Fields Too Large"
    case 502: "Bad Gateway"
    default: "Service Unavailable"
    }
  }

  var description: String {
    switch self {
    case .malformed(let what):
      "The sandbox's proxy did not understand the request: \(what)."
    case .headTooLong(let limit):
      "The head of the request is longer than the \(limit) bytes that the sandbox's proxy takes."
    case .tooMany(let limit):
      "The sandbox has \(limit) connections open, which is its limit. Close some and try again."
    case .hostNotAllowed(let host, let allowed):
      "The environment's networking does not allow “\(host)”. It allows \(allowed.prefix(20).joined(separator: ", "))"
        + (allowed.count > 20 ? " and \(allowed.count - 20) more." : ".")
    case .noPublicAddress(let host):
      "“\(host)” has no public address of another machine, and sandboxes reach no others unless the operator of "
        + "this server lists them (--allow-private)."
    case .portNotAllowed(let port, let host, let allowed):
      "Port \(port) of “\(host)” is not open to sandboxes with limited networking; "
        + "\(allowed.map(String.init).joined(separator: " and ")) are."
    case .mailPort(let port):
      "Port \(port) is closed to sandboxes: mail is not sent from here."
    case .unknownHost(let host, let reason):
      "“\(host)” could not be resolved: \(reason)."
    case .unreachable(let host, let port, let reason):
      "No connection to “\(host)” on port \(port): \(reason)."
    }
  }
}
