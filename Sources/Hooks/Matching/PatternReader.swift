package import JSON
package import Reading

/// What keeps a pattern from being one.
package struct PatternError: Error, Equatable, CustomStringConvertible {
  /// With paths inside the pattern.
  package var problems: [Problem]

  package var description: String { problems.map(\.description).joined(separator: "\n") }
}

extension Pattern {
  /// Everything that is wrong with a `match`; nothing when it is a pattern.
  package static func problems(_ json: JSON) -> [Problem] {
    do {
      _ = try Pattern(json)
      return []
    } catch {
      return error.problems
    }
  }
}

/// Compiles a pattern, noting everything that is wrong.
struct PatternReader {
  /// What an event has at its top.
  static let roots = ["type", "source", "actor", "text", "body", "headers"]
  /// More than anybody writes by hand.
  static let conditionLimit = 2000
  static let depthLimit = 32
  static let comparisons = [
    "prefix", "suffix", "anything-but", "exists", "numeric", "wildcard", "equals-ignore-case", "cidr",
  ]

  private(set) var problems: [Problem] = []
  private var conditions = 0

  mutating func read(_ json: JSON) -> Pattern? {
    guard let object = json.objectValue else {
      note(.root, "Expected an object such as {type: [issues.opened]}, found \(json.shown).")
      return nil
    }
    return pattern(object, at: .root)
  }

  private mutating func note(_ path: FieldPath, _ message: String, aim: Problem.Aim = .value) {
    if problems.count < Findings.limit { problems.append(Problem(path, message, aim: aim)) }
  }

  // MARK: Objects

  private mutating func pattern(_ object: JSON.Object, at path: FieldPath, isRoot: Bool = true) -> Pattern? {
    if object.isEmpty {
      note(
        path,
        isRoot
          ? "An empty pattern says nothing. Leave \"match\" out to take every event."
          : "An empty object says nothing. Write what lies in it, or [{exists: true}].")
    }
    guard path.steps.count < PatternReader.depthLimit else {
      note(path, "The pattern lies more than \(PatternReader.depthLimit) levels deep.")
      return nil
    }
    var parts: [Pattern.Part] = []
    for (name, value) in object {
      let place = path.key(name)
      if name == "$or" {
        if let part = either(value, at: place, isRoot: isRoot) { parts.append(part) }
        continue
      }
      if isRoot, !PatternReader.roots.contains(name) {
        note(
          place,
          "Events have no \(quoted(name)) at their top.\(Nearest.hint(name, among: PatternReader.roots)) "
            + "They have: \(PatternReader.roots.joined(separator: ", ")).", aim: .key)
        continue
      }
      switch value {
      case .object(let inner):
        guard let pattern = pattern(inner, at: place, isRoot: false) else { continue }
        parts.append(.object(name: name, pattern))
      case .array(let elements):
        if elements.isEmpty { note(place, "An empty list fits no value. Write the values that fit.") }
        var conditions: [Condition] = []
        for (index, element) in elements.enumerated() {
          if let condition = condition(element, at: place.index(index)) { conditions.append(condition) }
        }
        parts.append(.leaf(name: name, conditions))
      default:
        note(place, "Expected a list of the values that fit, found \(value.shown). Write [\(value.text)].")
      }
    }
    return Pattern(parts: parts)
  }

  private mutating func either(_ value: JSON, at path: FieldPath, isRoot: Bool) -> Pattern.Part? {
    guard let elements = value.arrayValue, elements.count >= 2 else {
      note(path, "Expected a list of two or more objects, of which one must fit, found \(value.shown).")
      return nil
    }
    var patterns: [Pattern] = []
    for (index, element) in elements.enumerated() {
      guard let object = element.objectValue else {
        note(
          path.index(index), "Expected an object with the fields of an alternative, found \(element.shown).")
        continue
      }
      if let pattern = pattern(object, at: path.index(index), isRoot: isRoot) { patterns.append(pattern) }
    }
    return .either(patterns)
  }

  // MARK: Conditions

  private mutating func condition(_ value: JSON, at path: FieldPath) -> Condition? {
    conditions += 1
    guard conditions <= PatternReader.conditionLimit else {
      if conditions == PatternReader.conditionLimit + 1 {
        note(path, "A pattern has at most \(PatternReader.conditionLimit) conditions.")
      }
      return nil
    }
    switch value {
    case .array:
      note(path, "Expected a value or a comparison, found a list. Put its values into the outer list.")
      return nil
    case .object(let object): return comparison(object, at: path)
    default: return .equals(value)
    }
  }

  private mutating func comparison(_ object: JSON.Object, at path: FieldPath) -> Condition? {
    guard object.count == 1, let (name, value) = object.first(where: { _ in true }) else {
      note(path, "Expected one comparison such as {prefix: \"a\"}, found \(object.count) members.")
      return nil
    }
    let place = path.key(name)
    switch name {
    case "prefix":
      return text(value, at: place, plain: Condition.prefix, folded: Condition.prefixIgnoringCase)
    case "suffix":
      return text(value, at: place, plain: Condition.suffix, folded: Condition.suffixIgnoringCase)
    case "equals-ignore-case": return word(value, at: place).map { .equalsIgnoringCase($0.lowercased()) }
    case "wildcard": return wildcard(value, at: place)
    case "exists":
      guard let flag = value.boolValue else {
        note(place, "Expected true or false, found \(value.shown).")
        return nil
      }
      return .exists(flag)
    case "numeric": return numeric(value, at: place)
    case "anything-but": return anythingBut(value, at: place)
    case "cidr":
      guard let block = value.stringValue.flatMap(AddressBlock.init) else {
        note(place, "Expected a network such as \"10.0.0.0/8\" or \"2001:db8::/32\", found \(value.shown).")
        return nil
      }
      return .address(block)
    default:
      note(
        place,
        "There is no comparison \(quoted(name)).\(Nearest.hint(name, among: PatternReader.comparisons)) "
          + "There are: \(PatternReader.comparisons.joined(separator: ", ")).", aim: .key)
      return nil
    }
  }

  private mutating func word(_ value: JSON, at path: FieldPath) -> String? {
    guard let text = value.stringValue else {
      note(path, "Expected a text, found \(value.shown).")
      return nil
    }
    return text
  }

  /// `"a"` or `{equals-ignore-case: "a"}`.
  private mutating func text(
    _ value: JSON, at path: FieldPath, plain: (String) -> Condition, folded: (String) -> Condition
  ) -> Condition? {
    let text: String?
    var isFolded = false
    if let object = value.objectValue, object.count == 1, let inner = object["equals-ignore-case"] {
      isFolded = true
      text = word(inner, at: path.key("equals-ignore-case"))
    } else {
      text = word(value, at: path)
    }
    guard let text else { return nil }
    if text.isEmpty {
      note(path, "Every text begins and ends with nothing. Write some characters, or {exists: true}.")
      return nil
    }
    return isFolded ? folded(text.lowercased()) : plain(text)
  }

  private mutating func wildcard(_ value: JSON, at path: FieldPath) -> Condition? {
    guard let text = word(value, at: path) else { return nil }
    do {
      return .wildcard(try Wildcard(text))
    } catch {
      note(path, error.description)
      return nil
    }
  }

  // MARK: Numbers

  /// Nil for what is none. YAML takes a number beyond 2^63 for a text.
  private static func number(_ value: JSON) -> JSON? {
    if value.numberValue != nil { return value }
    guard let text = value.stringValue, let number = try? JSON(parsing: text, limits: .exact),
      case .exact = number
    else { return nil }
    return number
  }

  /// `["=", 3]`, `[">", 0]` or `[">", 0, "<=", 5]`.
  private mutating func numeric(_ value: JSON, at path: FieldPath) -> Condition? {
    let form = "Expected a list such as [\">\", 0, \"<=\", 5], found \(value.shown)."
    guard let elements = value.arrayValue, elements.count == 2 || elements.count == 4 else {
      note(path, form)
      return nil
    }
    var range = NumberRange()
    for start in stride(from: 0, to: elements.count, by: 2) {
      guard let sign = elements[start].stringValue, let number = PatternReader.number(elements[start + 1])
      else {
        note(path.index(start), "Expected a sign and a number, such as \">\", 0.")
        return nil
      }
      let bound = NumberRange.Bound(value: number, isInside: sign.hasSuffix("="))
      switch sign {
      case "=" where elements.count == 2: return .equals(number)
      case ">" where range.lower == nil, ">=" where range.lower == nil: range.lower = bound
      case "<" where range.upper == nil, "<=" where range.upper == nil: range.upper = bound
      case "=", ">", ">=", "<", "<=":
        note(path.index(start), "A range has one lower and one upper bound, and \"=\" stands alone.")
        return nil
      default:
        note(path.index(start), "Expected \"=\", \"<\", \"<=\", \">\" or \">=\", found \(quoted(sign)).")
        return nil
      }
    }
    if range.isEmpty {
      note(path, "No number lies within these bounds.")
      return nil
    }
    return .numeric(range)
  }

  // MARK: Anything but

  private mutating func anythingBut(_ value: JSON, at path: FieldPath) -> Condition? {
    var excluded: [Condition] = []
    let kinds = ["prefix", "suffix", "equals-ignore-case", "wildcard"]
    if let object = value.objectValue {
      guard object.count == 1, let (name, inner) = object.first(where: { _ in true }), kinds.contains(name)
      else {
        note(path, "Expected values, or one of \(kinds.joined(separator: ", ")), found \(value.shown).")
        return nil
      }
      for (element, place) in list(inner, at: path.key(name)) {
        if let condition = comparison([name: element], at: place, shownAt: place) {
          excluded.append(condition)
        }
      }
    } else {
      for (element, place) in list(value, at: path) {
        switch element {
        case .string, .integer, .number, .exact: excluded.append(.equals(element))
        default: note(place, "Expected a text or a number, found \(element.shown).")
        }
      }
    }
    if excluded.isEmpty { return nil }
    conditions += excluded.count - 1
    return .anythingBut(excluded)
  }

  /// A comparison whose name stands further up in the file.
  private mutating func comparison(
    _ object: JSON.Object, at path: FieldPath, shownAt place: FieldPath
  ) -> Condition? {
    let before = problems.count
    let condition = comparison(object, at: path)
    for index in problems.indices.dropFirst(before) { problems[index].path = place }
    return condition
  }

  /// The elements of a list, or a single value as a list of one.
  private mutating func list(_ value: JSON, at path: FieldPath) -> [(JSON, FieldPath)] {
    guard let elements = value.arrayValue else { return [(value, path)] }
    if elements.isEmpty { note(path, "An empty list excludes nothing. Write what does not fit.") }
    return elements.enumerated().map { ($1, path.index($0)) }
  }
}
