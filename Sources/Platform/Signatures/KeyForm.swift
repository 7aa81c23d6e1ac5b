/// How the configured text of a secret holds the key.
package enum KeyForm: String, Sendable, CaseIterable {
  /// The key is the text itself, as UTF-8, whatever it looks like.
  case text
  /// The key is what the text decodes to.
  case base64
}
