package import JSON
package import Reading

/// What settings a kind of source or callback has. The domain that brings the kind says so at the composition
/// root, so that job files are checked without knowing the kinds.
package struct KindShape: Sendable {
  package var name: String
  package var fields: [FieldShape]
  /// What event types its webhooks have; none when they are not known before.
  package var eventTypes: [String] = []
  /// Looks at settings whose fields have the right types: what is wrong with them, with paths inside of them.
  /// The sentences do not repeat the value, which may be a secret's. What still holds references or templates
  /// cannot be judged and is let pass: `isOpen`.
  package var check: @Sendable (JSON) -> [Problem]
  /// The same for what can only be said once secrets are in their places.
  package var checkResolved: @Sendable (JSON) -> [Problem] = { _ in [] }
  /// What is not wrong, but worth a word, about settings that are right.
  package var warn: @Sendable (JSON) -> [Problem]
  /// Settings whose texts, nested ones too, are templates: rendered plain when a run starts.
  package var templates: [String]
  /// Settings that are credentials by themselves: shown nowhere, and their templates alone see what a request
  /// brought that nobody else may see.
  package var credentials: Set<String> = []
  /// What stands for settings that the file leaves out.
  package var defaults: JSON.Object

  package init(
    name: String, fields: [FieldShape], templates: [String] = [], defaults: JSON.Object = [:],
    check: @escaping @Sendable (JSON) -> [Problem] = { _ in [] },
    warn: @escaping @Sendable (JSON) -> [Problem] = { _ in [] }
  ) {
    self.name = name
    self.fields = fields
    self.templates = templates
    self.defaults = defaults
    self.check = check
    self.warn = warn
  }

  /// Whether a text is not known yet: it has a reference or a template in it.
  package static func isOpen(_ text: String) -> Bool { text.contains("${") || text.contains("{{") }
}

/// One setting of a kind.
package struct FieldShape: Sendable {
  /// What may stand there. Every text may contain references.
  package enum FieldType: Sendable {
    case text
    /// A text that must contain a reference, so that no secret stands in a file.
    case secret
    case whole(ClosedRange<Int>)
    case flag
    /// One of some words.
    case choice([String])
    case duration
    case texts
    /// Texts, or numbers that stand for themselves.
    case ids
    case object
  }

  package var name: String
  package var type: FieldType
  package var isRequired: Bool
  /// What it says, for editors.
  package var about: String
  /// What an object of the kind's own may say; nil when that is left to the kind.
  package var inside: ObjectShape?

  package init(
    _ name: String, _ type: FieldType, isRequired: Bool = false, about: String = "",
    inside: ObjectShape? = nil
  ) {
    self.name = name
    self.type = type
    self.isRequired = isRequired
    self.about = about
    self.inside = inside
  }
}

/// Every kind that this program knows.
package struct Kinds: Sendable {
  package var sources: [KindShape]
  package var callbacks: [KindShape]
  /// What is wrong with the `match` of a webhook trigger, with paths inside of it. Whoever does the matching
  /// says so.
  package var patternProblems: @Sendable (JSON) -> [Problem]
  /// Which event types a right `match` waits for that are not among these, with paths inside of it.
  package var unknownTypes: @Sendable (JSON, [String]) -> [Problem]

  package init(
    sources: [KindShape] = [], callbacks: [KindShape] = [],
    patternProblems: @escaping @Sendable (JSON) -> [Problem] = { _ in [] },
    unknownTypes: @escaping @Sendable (JSON, [String]) -> [Problem] = { _, _ in [] }
  ) {
    self.sources = sources
    self.callbacks = callbacks
    self.patternProblems = patternProblems
    self.unknownTypes = unknownTypes
  }
}
