package import Primitives

/// One way in which a sender proves that a request is its own.
///
/// Every scheme works on the raw body, compares in constant time, takes several secrets while they are being
/// exchanged, and refuses to be made without one.
package protocol SignatureScheme: Sendable {
  /// Returns when the request is genuine. `now` is the verifier's clock; schemes without a time ignore it.
  func verify(headers: SignatureHeaders, body: [UInt8], now: Timestamp) throws(SignatureRefusal)
}
