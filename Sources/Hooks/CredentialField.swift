import JSON

/// A place in the bodies of a kind of source where a credential stands. Nothing that is kept, matched or shown has
/// it: prompts, logs and reasons are read by more people than may use it.
package struct CredentialField: Sendable {
  /// What stands in its place.
  static let hidden: JSON = "(hidden)"

  /// Names from the body inwards; `*` is each element of a list.
  let path: [String]
  /// Whether callbacks answer with it: it is kept for those of their settings that are credentials themselves.
  let isKept: Bool

  /// - Parameter path: such as `response_urls.*.response_url`.
  package init(_ path: String, isKept: Bool = false) {
    self.path = path.split(separator: ".").map(String.init)
    self.isKept = isKept
  }

  /// The value without the credential; nil when it has none.
  func hiding(in value: JSON) -> JSON? { CredentialField.hiding(path[...], in: value) }

  private static func hiding(_ path: ArraySlice<String>, in value: JSON) -> JSON? {
    guard let name = path.first else {
      if value.isNull { return nil }
      return hidden
    }
    if name == "*" {
      guard let elements = value.arrayValue else { return nil }
      let hidden = elements.map { hiding(path.dropFirst(), in: $0) }
      if !hidden.contains(where: { $0 != nil }) { return nil }
      return .array(zip(elements, hidden).map { $1 ?? $0 })
    }
    guard var object = value.objectValue, let member = object[name],
      let hidden = hiding(path.dropFirst(), in: member)
    else { return nil }
    object[name] = hidden
    return .object(object)
  }
}

extension Reading {
  /// Takes the credentials out of the body.
  mutating func hide(_ fields: [CredentialField]) {
    for field in fields {
      guard let hidden = field.hiding(in: body) else { continue }
      if field.isKept, let name = field.path.first { credentials[name] = credentials[name] ?? body[name] }
      body = hidden
    }
  }
}
