package import Catalog
package import JSON

/// What settings a kind of source or callback has. The domain that brings the kind says so at the composition
/// root, so that job files are checked without knowing the kinds.
package struct KindShape: Sendable {
  package var name: String
  package var fields: [FieldShape]
  /// Looks at settings whose fields have the right types; a sentence about what is wrong with them.
  package var check: @Sendable (JSON) -> String?
  /// Settings whose texts, nested ones too, are templates: rendered plain when a run starts.
  package var templates: [String]
  /// What stands for settings that the file leaves out.
  package var defaults: JSON.Object

  package init(
    name: String, fields: [FieldShape], templates: [String] = [], defaults: JSON.Object = [:],
    check: @escaping @Sendable (JSON) -> String? = { _ in nil }
  ) {
    self.name = name
    self.fields = fields
    self.templates = templates
    self.defaults = defaults
    self.check = check
  }
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
    case object
  }

  package var name: String
  package var type: FieldType
  package var isRequired: Bool

  package init(_ name: String, _ type: FieldType, isRequired: Bool = false) {
    self.name = name
    self.type = type
    self.isRequired = isRequired
  }
}

/// Every kind that this program knows.
package struct Kinds: Sendable {
  package var sources: [KindShape]
  package var callbacks: [KindShape]
  /// What is wrong with the `match` of a webhook trigger, with paths inside of it. Whoever does the matching
  /// says so.
  package var patternProblems: @Sendable (JSON) -> [Problem]

  package init(
    sources: [KindShape] = [], callbacks: [KindShape] = [],
    patternProblems: @escaping @Sendable (JSON) -> [Problem] = { _ in [] }
  ) {
    self.sources = sources
    self.callbacks = callbacks
    self.patternProblems = patternProblems
  }
}
