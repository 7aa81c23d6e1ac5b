extension JSON {
  /// The members of a JSON object in the order in which they were written or added.
  ///
  /// Small objects are searched from the start; beyond `indexedFrom` members a hash index answers. Its
  /// hashes are seeded anew in every process, so that a sender cannot choose names that collide.
  package struct Object: Sendable {
    /// Up to so many members, comparing them one after the other beats hashing.
    static let indexedFrom = 16

    private var members: [(key: String, value: JSON)] = []
    /// Places in `members`; nil while the object is small.
    private var index: [ExactText: Int]?

    package init() {}

    /// Traps when a key comes twice, as `Dictionary` does.
    package init(uniqueKeysWithValues pairs: some Sequence<(String, JSON)>) {
      for (key, value) in pairs {
        let added = add(key, value)
        precondition(added, "The key \(key) comes twice.")
      }
    }

    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }
    package var keys: [String] { members.map(\.key) }
    package var values: [JSON] { members.map(\.value) }

    /// The member of that name. A new member goes to the end, a known one keeps its place; setting nil
    /// removes it (in linear time).
    package subscript(key: String) -> JSON? {
      get { place(of: key).map { members[$0].value } }
      set {
        switch (place(of: key), newValue) {
        case (let place?, let value?): members[place].value = value
        case (nil, let value?): append(key, value)
        case (let place?, nil): remove(at: place)
        case (nil, nil): break
        }
      }
    }

    /// Takes over all members of another object; where both have one, the other's value wins.
    package mutating func merge(_ other: Object) {
      for (key, value) in other { self[key] = value }
    }

    package func merging(_ other: Object) -> Object {
      var merged = self
      merged.merge(other)
      return merged
    }

    /// Adds a member at the end, or returns false and changes nothing when the name is taken.
    mutating func add(_ key: String, _ value: JSON) -> Bool {
      guard place(of: key) == nil else { return false }
      append(key, value)
      return true
    }

    private mutating func append(_ key: String, _ value: JSON) {
      index?[ExactText(key)] = members.count
      members.append((key, value))
      if index == nil, members.count > Object.indexedFrom { reindex() }
    }

    private mutating func remove(at place: Int) {
      members.remove(at: place)
      if index != nil { reindex() }
    }

    private mutating func reindex() {
      guard members.count > Object.indexedFrom else {
        index = nil
        return
      }
      var places = [ExactText: Int](minimumCapacity: members.count * 2)
      for (place, member) in members.enumerated() { places[ExactText(member.key)] = place }
      index = places
    }

    private func place(of key: String) -> Int? {
      if let index { return index[ExactText(key)] }
      return members.firstIndex { ExactText.same($0.key, key) }
    }
  }
}

extension JSON.Object: Sequence {
  package func makeIterator() -> IndexingIterator<[(key: String, value: JSON)]> {
    members.makeIterator()
  }

  package var underestimatedCount: Int { members.count }
}

extension JSON.Object: Hashable {
  /// The same names with equal values, in any order.
  package static func == (left: JSON.Object, right: JSON.Object) -> Bool {
    guard left.count == right.count else { return false }
    return left.allSatisfy { key, value in right[key] == value }
  }

  package func hash(into hasher: inout Hasher) {
    // A sum does not depend on the order of the members.
    var sum = 0
    for (key, value) in members {
      var member = Hasher()
      member.combine(ExactText(key))
      member.combine(value)
      sum &+= member.finalize()
    }
    hasher.combine(count)
    hasher.combine(sum)
  }
}

extension JSON.Object: ExpressibleByDictionaryLiteral {
  /// Traps when a key comes twice.
  package init(dictionaryLiteral elements: (String, JSON)...) {
    self.init(uniqueKeysWithValues: elements)
  }
}

extension JSON.Object: CustomStringConvertible {
  package var description: String { JSON.object(self).text }
}
