package import JSON

/// The members that an object may have. Readers take from here which keys they know, and editors get the same as a
/// JSON Schema: neither can know one that the other does not.
package struct ObjectShape: Sendable {
  /// One member.
  package struct Field: Sendable {
    package var name: String
    package var value: ValueShape
    /// What it says, for people who write it.
    package var about: String
    package var isRequired: Bool

    package init(_ name: String, _ value: ValueShape, _ about: String, isRequired: Bool = false) {
      self.name = name
      self.value = value
      self.about = about
      self.isRequired = isRequired
    }
  }

  /// In the order in which people are told of them.
  package var fields: [Field]
  /// Members of which at least one has to be there.
  package var needsOneOf: [String]
  /// The shortest right value as one writes it in YAML, for whoever wrote something else; nil when its members say
  /// enough.
  package var example: String?
  /// Whether later versions may add members: what Errand writes, and others read.
  package var grows: Bool

  package init(
    _ fields: [Field], needsOneOf: [String] = [], example: String? = nil, grows: Bool = false
  ) {
    self.fields = fields
    self.needsOneOf = needsOneOf
    self.example = example
    self.grows = grows
  }

  package var keys: [String] { fields.map(\.name) }

  /// The JSON Schema (draft 2020-12) of such objects.
  package var schema: JSON {
    var properties = JSON.Object()
    for field in fields {
      var schema = field.value.schema.objectValue ?? [:]
      if !field.about.isEmpty { schema["description"] = .string(field.about) }
      properties[field.name] = .object(schema)
    }
    var object: JSON.Object = ["type": "object", "properties": .object(properties)]
    if !grows { object["additionalProperties"] = false }
    let required = fields.filter(\.isRequired).map { JSON.string($0.name) }
    if !required.isEmpty { object["required"] = .array(required) }
    if !needsOneOf.isEmpty {
      object["anyOf"] = .array(needsOneOf.map { ["required": [.string($0)]] })
    }
    return .object(object)
  }
}

/// What may stand at one place.
package indirect enum ValueShape: Sendable {
  case text(ClosedRange<Int>)
  /// A text of a certain form: a regular expression that both ECMA 262 and people read.
  case pattern(String)
  case whole(ClosedRange<Int>)
  case flag
  /// One of some words.
  case choice([String])
  /// `90s`, `30m`, `2h`, `1d`, `1h30m`.
  case duration
  case list(ValueShape, atMost: Int)
  case object(ObjectShape)
  /// An object whose members nobody names.
  case map(ValueShape)
  case anyOf([ValueShape])
  case orNull(ValueShape)
  case any
  /// What a vendor's kind says of itself.
  case schema(JSON)

  /// A text of any length that a person writes.
  package static let line = ValueShape.text(1...100_000)
  /// A text with a reference to a secret in it.
  package static let secret = ValueShape.pattern(#"\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:/[^}]*)\}"#)

  package var schema: JSON {
    switch self {
    case .text(let length):
      var schema: JSON.Object = ["type": "string"]
      if length.lowerBound > 0 { schema["minLength"] = JSON(length.lowerBound) }
      if length.upperBound < 100_000 { schema["maxLength"] = JSON(length.upperBound) }
      return .object(schema)
    case .pattern(let pattern): return ["type": "string", "pattern": .string(pattern)]
    case .whole(let range):
      return ["type": "integer", "minimum": JSON(range.lowerBound), "maximum": JSON(range.upperBound)]
    case .flag: return ["type": "boolean"]
    case .choice(let words): return ["type": "string", "enum": .array(words.map { .string($0) })]
    case .duration:
      return ["type": "string", "pattern": #"^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"#]
    case .list(let element, let limit):
      return ["type": "array", "items": element.schema, "maxItems": JSON(limit)]
    case .object(let shape): return shape.schema
    case .map(let element): return ["type": "object", "additionalProperties": element.schema]
    case .anyOf(let shapes): return ["anyOf": .array(shapes.map(\.schema))]
    case .orNull(let shape): return ["anyOf": [shape.schema, ["type": "null"]]]
    case .any: return [:]
    case .schema(let schema): return schema
    }
  }
}

/// An object of which one member, its `type`, says which of several forms it has.
package struct UnionShape: Sendable {
  package struct Form: Sendable {
    /// What `type` says.
    package var word: String
    /// In a sentence: "limited networking".
    package var thing: String
    /// Its members, `type` not among them.
    package var shape: ObjectShape
    /// As one writes it in YAML.
    package var example: String

    package init(
      _ word: String, _ thing: String, _ shape: ObjectShape = ObjectShape([]), example: String? = nil
    ) {
      self.word = word
      self.thing = thing
      self.shape = shape
      self.example = example ?? "{type: \(word)}"
    }

    package var keys: [String] { ["type"] + shape.keys }
  }

  /// In a sentence: "a networking setting".
  package var thing: String
  package var forms: [Form]

  package init(_ thing: String, _ forms: [Form]) {
    self.thing = thing
    self.forms = forms
  }

  package var words: [String] { forms.map(\.word) }

  /// All forms, as the end of a sentence: `{type: none}, {type: limited, …} or {type: unrestricted}`.
  package var examples: String {
    let examples = forms.map(\.example)
    guard let last = examples.last, examples.count > 1 else { return examples.first ?? "" }
    return examples.dropLast().joined(separator: ", ") + " or \(last)"
  }

  package var value: ValueShape {
    .anyOf(
      forms.map { form in
        let type = ObjectShape.Field("type", .choice([form.word]), "", isRequired: true)
        return .object(ObjectShape([type] + form.shape.fields, needsOneOf: form.shape.needsOneOf))
      })
  }
}

extension ValueShape {
  /// The schema as a document of its own.
  package func document(title: String, about: String) -> JSON {
    var document: JSON.Object = [
      "$schema": "https://json-schema.org/draft/2020-12/schema", "title": .string(title),
      "description": .string(about),
    ]
    document.merge(schema.objectValue ?? [:])
    return .object(document)
  }
}
