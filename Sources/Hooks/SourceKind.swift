package import JSON
package import Jobs
package import Primitives
import Reading
import Runs
package import Signatures

/// One kind of sender: how its requests prove themselves, what they mean, and what it wants to hear. Every
/// vendor brings its own; `Hooks` is given them all.
package protocol SourceKind: Sendable {
  /// The name that source files give as `kind:`.
  static var name: String { get }
  /// The settings that its source files may have.
  static var shape: KindShape { get }
  /// Every type that its webhooks can have; none when that is not known before.
  static var eventTypes: [String] { get }
  /// Where its requests show what proves them. Those that do not are refused before their body is read.
  static var proof: HookProof { get }
  /// Headers that say what a request is, apart from those that prove it. Every true sender sends them.
  static var neededHeaders: [String] { get }
  /// What in its bodies is a credential by itself.
  static var credentials: [CredentialField] { get }
  /// The headers that are worth keeping, by lower-case name: those that `read` looks at, above all. Never
  /// credentials.
  static var keptHeaders: [String] { get }
  /// How a request proves itself: it looks at the raw bytes, before anything parses them.
  var scheme: any SignatureScheme { get }
  /// - Parameter settings: the source file's, secrets resolved.
  init(settings: JSON) throws
  /// Told by what Errand's own texts are known, where its kind has such.
  mutating func know(_ marks: OwnMarks)
  /// What the request is, once it is verified.
  /// - Throws: `HookRefusal.unreadable`.
  func read(_ request: HookRequest) throws(HookRefusal) -> HookPurpose
  /// What the sender is told once everything is written.
  func reply(to reading: Reading, _ answer: HookAnswer) -> HookReply
}

extension SourceKind {
  package static var eventTypes: [String] { [] }
  package static var credentials: [CredentialField] { [] }
  package mutating func know(_ marks: OwnMarks) {}

  /// The settings of every kind that proves its requests with a secret: the secret, and the one before it while they
  /// are being exchanged.
  package static var secretFields: [FieldShape] {
    [FieldShape("secret", .secret, isRequired: true), FieldShape("previous_secret", .secret)]
  }

  /// What stands in those settings.
  package static func secrets(_ settings: JSON) -> [String] {
    [settings["secret"], settings["previous_secret"]].compactMap { $0?.stringValue }
  }

  /// Looks at the raw bytes, before anything parses them.
  package func verify(_ request: HookRequest, now: Timestamp) throws(SignatureRefusal) {
    try scheme.verify(headers: request.headers, body: request.body, now: now)
  }

  /// What the request is, once it is verified, without the credentials in its body.
  /// - Throws: `HookRefusal.unreadable`.
  func purpose(of request: HookRequest) throws(HookRefusal) -> HookPurpose {
    let purpose = try read(request)
    guard case .occurrence(var reading) = purpose else { return purpose }
    reading.hide(Self.credentials)
    return .occurrence(reading)
  }

  /// The shape with what only the kind itself can say of its settings.
  package static var wholeShape: KindShape {
    var whole = shape
    whole.eventTypes = eventTypes
    whole.checkResolved = { settings in
      do {
        _ = try Self(settings: settings)
        return []
      } catch {
        return [Problem(FieldPath.root.key("secret"), "The secret cannot be used: \(error)")]
      }
    }
    return whole
  }

  package func reply(to reading: Reading, _ answer: HookAnswer) -> HookReply {
    .json(answer.json, status: answer.status)
  }
}

/// A request as it came in.
package struct HookRequest: Sendable {
  package var headers: SignatureHeaders
  package var body: [UInt8]

  package init(headers: SignatureHeaders, body: [UInt8]) {
    self.headers = headers
    self.body = body
  }

  /// Every value of each of these headers that came, by lower-case name: enough to read the request again.
  func all(_ names: [String]) -> JSON.Object {
    var all: JSON.Object = [:]
    for name in names where !headers[name].isEmpty { all[name] = .array(headers[name].map(JSON.string)) }
    return all
  }

  /// The first value of each of these headers that came, by lower-case name.
  package func kept(_ names: [String]) -> JSON.Object {
    var kept: JSON.Object = [:]
    for name in names {
      if let value = headers[name].first { kept[name] = .string(value) }
    }
    return kept
  }
}

/// What a verified request is for.
package enum HookPurpose: Sendable, Equatable {
  /// Something happened that may start runs.
  case occurrence(Reading)
  /// The sender tries the address. It is answered at once, and nothing is written.
  case handshake(HookReply)
}

/// What a sender is answered, in the way of its kind.
package struct HookReply: Sendable, Equatable {
  package var status: Int
  /// Nil for an empty body.
  package var contentType: String?
  package var body: [UInt8]
  /// What was written; nil after a handshake.
  package var answer: HookAnswer?

  package init(status: Int, contentType: String? = nil, body: [UInt8] = []) {
    self.status = status
    self.contentType = contentType
    self.body = body
  }

  package static func json(_ json: JSON, status: Int = 200) -> HookReply {
    HookReply(status: status, contentType: "application/json", body: json.bytes)
  }
}

/// What a verified request says.
package struct Reading: Sendable, Equatable {
  /// Repeats of one delivery have the same key: printable ASCII, at most `keyLimit` characters.
  package var dedupeKey: String
  /// Whether the same bytes under another key are the same delivery: the key stood in a header that the sender
  /// does not sign, so whoever has seen one request could send it again under a new one.
  package enum Once: Sendable, Equatable {
    /// The key is signed.
    case perKey
    /// For as long as there are receipts.
    case ever
    /// The sender may say the same thing again after a while.
    case within(Duration)
  }

  package var once: Once
  /// The same for different deliveries that speak of the same thing; nil when the sender has nothing of the
  /// kind. A job starts for the first of them only.
  package var subject: String?
  /// What happened, such as `issues.opened`, when the sender names it.
  package var type: String?
  /// Who did it.
  package var actor: Actor
  /// What a person wrote to Errand, when the sender has such a thing.
  package var text: String?
  /// The body, parsed; text as a JSON string.
  package var body: JSON
  /// The headers worth keeping, by lower-case name. Never credentials.
  package var headers: JSON.Object
  /// Credentials of the body that somebody needs still, by their names there.
  package internal(set) var credentials: JSON.Object = [:]

  package init(
    dedupeKey: String, once: Once = .perKey, subject: String? = nil, type: String?, actor: Actor,
    text: String? = nil, body: JSON,
    headers: JSON.Object
  ) {
    self.dedupeKey = dedupeKey
    self.once = once
    self.subject = subject
    self.type = type
    self.actor = actor
    self.text = text
    self.body = body
    self.headers = headers
  }

  package static let keyLimit = 200

  /// A key that a sender gave, if it can be one.
  package static func key(_ text: String?) -> String? {
    guard let text, (1...keyLimit).contains(text.utf8.count),
      text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { return nil }
    return text
  }

  /// What patterns are compared with, and what templates see as `trigger`.
  func context(source: String) -> JSON.Object {
    var context: JSON.Object = [:]
    if let type { context["type"] = .string(type) }
    context["source"] = .string(source)
    context["actor"] = actor.json
    if let text { context["text"] = .string(text) }
    context["headers"] = .object(headers)
    context["body"] = body
    if !credentials.isEmpty { context[Occurrence.credentials] = .object(credentials) }
    return context
  }
}
