package import JSON
package import Reading

/// Labels that people put on resources: at most 16 texts of at most 512 characters, under keys of at most 64.
package enum Metadata {
  package static let shape = ValueShape.map(.text(0...512))

  /// The checked `metadata` of a body; empty when it is left out.
  package static func read(_ fields: Fields) -> JSON.Object {
    guard let members = fields.fields("metadata", "metadata", keys: nil) else { return [:] }
    if members.object.count > 16 {
      fields.add("metadata", "Expected at most 16 pairs, found \(members.object.count).")
    }
    for (key, value) in members.object {
      if key.isEmpty || key.unicodeScalars.count > 64 {
        members.add(key, "Expected a key of 1 to 64 characters.")
      }
      guard let text = value.stringValue else {
        members.add(key, "Expected a text, found \(value.shown).")
        continue
      }
      if text.unicodeScalars.count > 512 {
        members.add(key, "Expected at most 512 characters, found \(text.unicodeScalars.count).")
      }
    }
    return members.object
  }

  /// `metadata` of an update: a text sets a key, null removes it, other keys stay.
  /// - Parameter emptyRemoves: whether an empty text removes too, as it does for environments.
  package static func merged(_ old: JSON.Object, with patch: JSON, emptyRemoves: Bool = false) -> JSON {
    guard let changes = patch.objectValue else { return patch.isNull ? .object(old) : patch }
    var merged = old
    for (key, value) in changes {
      let removes = value.isNull || (emptyRemoves && value == "")
      merged[key] = removes ? Optional<JSON>.none : value
    }
    return .object(merged)
  }
}
