package import JSON

/// Finds the patterns that an event matches among thousands, looking closely at few.
///
/// Each pattern is filed under one of its fields: the one whose values the fewest other patterns ask for. An
/// event's values at the filed paths lead to the candidates, and only those are compared in full. So the cost of
/// an event grows with the patterns that nearly match it, not with all there are. What says little about a value
/// (`anything-but`, networks …) is filed under its being there at all. Patterns without a field that can be filed
/// (`exists`, `$or`) are compared with every event; so is what many jobs say alike, but once.
package struct MatchIndex: Sendable {
  /// Without repetitions; nil matches everything.
  private let patterns: [Pattern?]
  /// For each, the places in the list that was given.
  private let places: [[Int]]
  /// Patterns that are compared with every event.
  private var always: [Int] = []
  private var nodes: [Node] = [Node()]

  /// A field of the event that something is filed under, or that lies above one.
  private struct Node: Sendable {
    /// By name; `JSON.string` compares texts code point by code point, as members are.
    var children: [JSON: Int] = [:]
    var exact: [JSON: [Int]] = [:]
    /// Under lower-case texts.
    var folded: [JSON: [Int]] = [:]
    /// By length in bytes.
    var prefixes: [Int: [ArraySlice<UInt8>: [Int]]] = [:]
    var suffixes: [Int: [ArraySlice<UInt8>: [Int]]] = [:]
    var inside: [Trigram: [Int]] = [:]
    var ranges = NumberRanges()
    /// Under any plain value.
    var present: [Int] = []
    var isLeaf = false
  }

  /// - Parameter given: nil matches everything.
  package init(_ given: [Pattern?]) {
    var known: [JSON?: Int] = [:]
    var patterns: [Pattern?] = []
    var places: [[Int]] = []
    for (place, pattern) in given.enumerated() {
      if let number = known[pattern?.json] {
        places[number].append(place)
      } else {
        known[pattern?.json] = patterns.count
        patterns.append(pattern)
        places.append([place])
      }
    }
    self.patterns = patterns
    self.places = places
    var askers: [Key: Int] = [:]
    let choices = patterns.map { $0?.keyChoices() ?? [] }
    for choice in choices.joined() { for key in choice { askers[key, default: 0] += 1 } }
    var ranges: [Int: [(range: NumberRange, number: Int)]] = [:]
    for (number, choices) in choices.enumerated() {
      let cheapest = choices.min { left, right in
        MatchIndex.cost(left, askers) < MatchIndex.cost(right, askers)
      }
      guard let cheapest else {
        always.append(number)
        continue
      }
      for key in cheapest { file(number, under: key, &ranges) }
    }
    // Sorted once all are there.
    for (node, ranges) in ranges { nodes[node].ranges = NumberRanges(ranges) }
  }

  private static func cost(_ keys: [Key], _ askers: [Key: Int]) -> Int {
    keys.reduce(0) { $0 + (askers[$1] ?? 0) * $1.kind.breadth }
  }

  private mutating func file(
    _ number: Int, under key: Key, _ ranges: inout [Int: [(range: NumberRange, number: Int)]]
  ) {
    var node = 0
    for name in key.path {
      if let next = nodes[node].children[name] {
        node = next
      } else {
        nodes.append(Node())
        nodes[node].children[name] = nodes.count - 1
        node = nodes.count - 1
      }
    }
    nodes[node].isLeaf = true
    switch key.kind {
    case .inside(let trigram): nodes[node].inside[trigram, default: []].append(number)
    case .range(let range): ranges[node, default: []].append((range.range, number))
    case .present: nodes[node].present.append(number)
    case .exact(let value): nodes[node].exact[value, default: []].append(number)
    case .folded(let text): nodes[node].folded[text, default: []].append(number)
    case .prefix(let text):
      let bytes = Array((text.stringValue ?? "").utf8)
      nodes[node].prefixes[bytes.count, default: [:]][bytes[...], default: []].append(number)
    case .suffix(let text):
      let bytes = Array((text.stringValue ?? "").utf8)
      nodes[node].suffixes[bytes.count, default: [:]][bytes[...], default: []].append(number)
    }
  }

  /// The places of the patterns that the event matches, in order.
  package func matches(_ event: JSON) -> [Int] {
    sort(event).matching
  }

  /// The places of the patterns that the event matches, and of those that nearly did: each in order.
  func sort(_ event: JSON) -> (matching: [Int], near: [Int]) {
    var found = always
    collect(event, 0, &found)
    var (matching, near): ([Int], [Int]) = ([], [])
    // A list in the event can lead to the same pattern twice.
    for number in Set(found) {
      if patterns[number]?.matches(event) ?? true {
        matching += places[number]
      } else {
        near += places[number]
      }
    }
    matching.sort()
    near.sort()
    return (matching, near)
  }

  private func collect(_ value: JSON, _ node: Int, _ found: inout [Int]) {
    switch value {
    case .array(let elements): for element in elements { collect(element, node, &found) }
    case .object(let object):
      let children = nodes[node].children
      if children.count <= object.count {
        for (name, child) in children {
          if let value = name.stringValue.flatMap({ object[$0] }) { collect(value, child, &found) }
        }
      } else {
        for (name, value) in object {
          if let child = children[.string(name)] { collect(value, child, &found) }
        }
      }
    default: lookUp(value, node, &found)
    }
  }

  private func lookUp(_ value: JSON, _ node: Int, _ found: inout [Int]) {
    guard nodes[node].isLeaf else { return }
    found += nodes[node].present
    if !nodes[node].ranges.isEmpty { nodes[node].ranges.collect(value, &found) }
    if let numbers = nodes[node].exact[value] { found += numbers }
    // YAML takes a number beyond 2^63 for a text.
    if case .exact(let number) = value, let numbers = nodes[node].exact[.string(number.text)] {
      found += numbers
    }
    guard case .string(let text) = value else { return }
    if !nodes[node].folded.isEmpty, let numbers = nodes[node].folded[.string(text.lowercased())] {
      found += numbers
    }
    if !nodes[node].inside.isEmpty {
      let inside = nodes[node].inside
      // Once each: a text may be one trigram over and over.
      var seen: Set<Trigram> = []
      Trigram.visit(text.utf8) { trigram in
        if let numbers = inside[trigram], seen.insert(trigram).inserted { found += numbers }
      }
    }
    let (prefixes, suffixes) = (nodes[node].prefixes, nodes[node].suffixes)
    if let longest = prefixes.keys.max() {
      let bytes = Array(text.utf8.prefix(longest))
      for (length, texts) in prefixes where length <= bytes.count {
        if let numbers = texts[bytes[..<length]] { found += numbers }
      }
    }
    if let longest = suffixes.keys.max() {
      let bytes = Array(text.utf8.suffix(longest))
      for (length, texts) in suffixes where length <= bytes.count {
        if let numbers = texts[bytes[(bytes.count - length)...]] { found += numbers }
      }
    }
  }

  /// A value of a field that an event must have. All texts are JSON's, which it compares code point by code point.
  fileprivate struct Key: Hashable {
    enum Kind: Hashable {
      case exact(JSON)
      case folded(JSON)
      case prefix(JSON)
      case suffix(JSON)
      case inside(Trigram)
      case range(FiledRange)
      case present

      /// How many more events than an exact value does it let pass, roughly.
      var breadth: Int {
        switch self {
        case .exact, .folded, .prefix, .suffix: 1
        case .inside: 2
        case .range: 16
        case .present: 256
        }
      }
    }

    static func kinds(of wildcard: Wildcard) -> [Kind] {
      var kinds: [Kind] = []
      if let beginning = wildcard.beginning { kinds.append(.prefix(.string(beginning))) }
      if let end = wildcard.end { kinds.append(.suffix(.string(end))) }
      return kinds + wildcard.trigrams.map { .inside($0) } + [.present]
    }

    /// A range by its bounds.
    struct FiledRange: Hashable {
      let range: NumberRange
      private let bounds: [JSON?]

      init(_ range: NumberRange) {
        self.range = range
        bounds = [range.lower?.value, range.upper?.value]
      }

      static func == (left: FiledRange, right: FiledRange) -> Bool { left.bounds == right.bounds }
      func hash(into hasher: inout Hasher) { hasher.combine(bounds) }
    }

    var path: [JSON]
    var kind: Kind
  }
}

extension Pattern {
  /// For every field that can be filed under: the keys of which a matching event has at least one.
  fileprivate func keyChoices(below path: [JSON] = []) -> [[MatchIndex.Key]] {
    parts.flatMap { part -> [[MatchIndex.Key]] in
      switch part {
      case .object(let name, let pattern): return pattern.keyChoices(below: path + [.string(name)])
      // Only one alternative must fit, so that none of their fields is certain.
      case .either: return []
      case .leaf(let name, let conditions):
        let kinds = conditions.map(\.kinds)
        // One that a field which is missing may fit makes nothing certain.
        if kinds.isEmpty || kinds.contains(where: \.isEmpty) { return [] }
        let key = { (kind: MatchIndex.Key.Kind) in MatchIndex.Key(path: path + [.string(name)], kind: kind) }
        return kinds.count == 1 ? kinds[0].map { [key($0)] } : [kinds.map { key($0[0]) }]
      }
    }
  }
}

extension Condition {
  /// What is certain of a plain value that fits, the narrowest first; nothing when there need be none.
  fileprivate var kinds: [MatchIndex.Key.Kind] {
    switch self {
    case .equals(let value): [.exact(value)]
    case .equalsIgnoringCase(let text): [.folded(.string(text))]
    case .prefix(let text): [.prefix(.string(text))]
    case .suffix(let text): [.suffix(.string(text))]
    case .wildcard(let wildcard): MatchIndex.Key.kinds(of: wildcard)
    case .numeric(let range): [.range(MatchIndex.Key.FiledRange(range))]
    case .prefixIgnoringCase, .suffixIgnoringCase, .address, .anythingBut: [.present]
    case .exists: []
    }
  }
}
