package import JSON
package import Jobs
package import Primitives
package import Signatures

/// One kind of sender: how its requests prove themselves, and what they mean. A new kind is one file and one
/// line in `Hooks.kinds`.
package protocol SourceKind: Sendable {
  /// The name that source files give as `kind:`.
  static var name: String { get }
  /// The settings that its source files may have.
  static var shape: KindShape { get }
  /// - Parameter settings: the source file's, secrets resolved.
  init(settings: JSON) throws
  /// Looks at the raw bytes, before anything parses them.
  func verify(_ request: HookRequest, now: Timestamp) throws(SignatureRefusal)
  /// What the request is, once it is verified.
  /// - Throws: `HookRefusal.unreadable`.
  func read(_ request: HookRequest) throws(HookRefusal) -> Reading
}

/// A request as it came in.
package struct HookRequest: Sendable {
  package var headers: SignatureHeaders
  package var body: [UInt8]

  package init(headers: SignatureHeaders, body: [UInt8]) {
    self.headers = headers
    self.body = body
  }
}

/// What a verified request says.
package struct Reading: Sendable, Equatable {
  /// Repeats of one event have the same key.
  package var dedupeKey: String
  /// The event's type, such as `issues.opened`, when the sender names one.
  package var type: String?
  /// The body, parsed; text as a JSON string.
  package var body: JSON
  /// The headers worth keeping, by lower-case name. Never credentials.
  package var headers: JSON.Object

  package init(dedupeKey: String, type: String?, body: JSON, headers: JSON.Object) {
    self.dedupeKey = dedupeKey
    self.type = type
    self.body = body
    self.headers = headers
  }
}
