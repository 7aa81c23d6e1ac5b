import Catalog
package import JSON

// Settings of callbacks that are templates: rendered plain when a run starts, with its trigger's values.
extension Jobs {
  /// The callback as a run keeps it. What values bring in can name no secret: each `$` of theirs is written as
  /// `${dollar}`, which the courier reads back as the bare character.
  /// - Throws: `TemplateError`.
  package func rendered(_ callback: Callback, context: JSON) throws -> Callback {
    guard let shape = kinds.callbacks.first(where: { $0.name == callback.kind }), !shape.templates.isEmpty,
      let settings = callback.settings.objectValue
    else { return callback }
    let context = Secrets.literal(context)
    var rendered = callback
    var object = settings
    for name in shape.templates {
      if let value = object[name] { object[name] = try Self.rendered(value, context) }
    }
    rendered.settings = .object(object)
    return rendered
  }

  private static func rendered(_ value: JSON, _ context: JSON) throws -> JSON {
    switch value {
    case .string(let text): return .string(try Template.renderPlain(text, context: context))
    case .array(let elements): return .array(try elements.map { try rendered($0, context) })
    case .object(let object):
      var result = JSON.Object()
      for (key, element) in object { result[key] = try rendered(element, context) }
      return .object(result)
    default: return value
    }
  }
}

extension Secrets {
  /// A value whose texts `resolve` gives back as they are here.
  static func literal(_ value: JSON) -> JSON {
    switch value {
    case .string(let text): .string(text.replacing("$", with: "${dollar}"))
    case .array(let elements): .array(elements.map(literal))
    case .object(let object):
      .object(
        JSON.Object(uniqueKeysWithValues: object.map { ($0.key, literal($0.value)) }))
    default: value
    }
  }
}

extension SettingsReader {
  /// Notes what is no template in a setting that is one.
  func checkTemplates(_ value: JSON, _ path: FieldPath) {
    switch value {
    case .string(let text):
      do { _ = try Template(text) } catch { findings.add(path, error.message) }
    case .array(let elements):
      for (index, element) in elements.enumerated() { checkTemplates(element, path.index(index)) }
    case .object(let object):
      for (key, element) in object { checkTemplates(element, path.key(key)) }
    default: break
    }
  }
}
