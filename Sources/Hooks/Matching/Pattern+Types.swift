package import JSON
package import Reading

extension Pattern {
  /// Which types a pattern waits for that no event of its source has, with paths inside the pattern. Only plain
  /// texts and prefixes are judged: whoever writes more knows what is meant.
  /// - Parameter known: every type there is.
  package static func unknownTypes(_ json: JSON, known: [String]) -> [Problem] {
    unknownTypes(json, known, at: .root)
  }

  private static func unknownTypes(_ json: JSON, _ known: [String], at path: FieldPath) -> [Problem] {
    var problems: [Problem] = []
    for (index, value) in (json["type"]?.arrayValue ?? []).enumerated() {
      let place = path.key("type").index(index)
      if let type = value.stringValue, !known.contains(where: { covers($0, type) }) {
        problems.append(Problem(place, words(type, known)))
      }
      if let prefix = value["prefix"]?.stringValue,
        !known.contains(where: { $0.hasPrefix(prefix) || covers($0, prefix) })
      {
        problems.append(Problem(place.key("prefix"), words(prefix, known)))
      }
    }
    for (index, alternative) in (json["$or"]?.arrayValue ?? []).enumerated() {
      problems += unknownTypes(alternative, known, at: path.key("$or").index(index))
    }
    return problems
  }

  /// A known type that ends in `.*` stands for all that begin like it.
  private static func covers(_ known: String, _ type: String) -> Bool {
    known == type || (known.hasSuffix(".*") && type.hasPrefix(known.dropLast()))
  }

  private static func words(_ type: String, _ known: [String]) -> String {
    // `issues` alone is the event of `issues.opened`, which is easily forgotten.
    let actions = known.filter { $0.hasPrefix(type + ".") }
    guard let action = actions.first else {
      return "No webhook of this source is known to have the type \(quoted(type)), so this would never match."
        + Nearest.hint(type, among: known)
    }
    return
      "No webhook of this source is known to have the bare type \(quoted(type)): its action follows, such as "
      + "\(quoted(action)). For all of them write {prefix: \(type).}."
  }
}
