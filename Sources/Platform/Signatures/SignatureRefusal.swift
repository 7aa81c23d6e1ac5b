/// Why a request is refused. Neither case nor text holds a secret, or the signature that was expected.
package enum SignatureRefusal: Error, Hashable {
  case missingHeader(String)
  case repeatedHeader(String)
  /// The header does not have the form that the scheme prescribes.
  case malformedHeader(String, expected: String)
  /// The time is not a whole number.
  case malformedTime(String)
  /// Seconds from the signed time to now, and how many are allowed.
  case stale(seconds: Int64, allowed: Int64)
  /// Seconds from now to the signed time, and how many are allowed.
  case ahead(seconds: Int64, allowed: Int64)
  case mismatch(String)

  /// For logs, metrics and answers; never changes.
  package var code: String {
    switch self {
    case .missingHeader: "signature_header_missing"
    case .repeatedHeader: "signature_header_repeated"
    case .malformedHeader: "signature_header_malformed"
    case .malformedTime: "signature_time_malformed"
    case .stale: "signature_stale"
    case .ahead: "signature_ahead"
    case .mismatch: "signature_mismatch"
    }
  }
}

extension SignatureRefusal: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missingHeader(let name):
      "The header \(name) is missing or empty. Check that the sender has a secret and signs its requests."
    case .repeatedHeader(let name):
      "The header \(name) comes more than once. Check what proxies on the way add."
    case .malformedHeader(let name, let expected):
      "The header \(name) does not have the expected form, \(expected). Check which scheme the sender uses."
    case .malformedTime(let place):
      "The time in \(place) is not a whole number. Check which scheme the sender uses."
    case .stale(let seconds, let allowed):
      "The request was signed \(seconds) seconds ago, but only \(allowed) are allowed. Check both clocks, or "
        + "have it sent again."
    case .ahead(let seconds, let allowed):
      "The request was signed \(seconds) seconds in the future, but only \(allowed) are allowed. Check both "
        + "clocks."
    case .mismatch(let name):
      "The header \(name) does not fit to this body and the configured secret. Check that the sender has the "
        + "same secret and that nothing on the way changes the body."
    }
  }
}
