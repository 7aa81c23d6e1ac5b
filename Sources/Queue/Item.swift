package import Primitives

/// What an item is about; decides which handler gets it. Declared by the domains that push items.
package struct ItemKind: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  package let rawValue: String
  package init(rawValue: String) { self.rawValue = rawValue }
  package var description: String { rawValue }
}

/// A group of items of which only some may be worked on at a time.
package struct Slot: Hashable, Sendable {
  /// Shared by the items of the group, whatever their kind.
  package let name: String
  /// The most leased items of the group; at least 1.
  package let limit: Int

  package init(name: String, limit: Int) {
    self.name = name
    self.limit = max(1, limit)
  }
}

/// A row of the queue: something to be looked at when it is due. Unique per kind and ref.
package struct Item: Sendable, Hashable {
  package let kind: ItemKind
  /// What the row is about, in the words of its kind; usually an id.
  package let ref: String
  package let due: Timestamp
  package let slot: Slot?
  /// The worker that holds the lease.
  package let worker: String?
  /// Of the last claim; 0 if there was none.
  package let fence: Int64
  /// How often it was pushed.
  package let wake: Int64
  /// Failures in a row.
  package let errors: Int
  /// How often in a row a worker died while it held the item.
  package let crashes: Int
}

/// The right to work on an item, until it is given back or the worker is taken for dead.
package struct Claim: Sendable, Hashable {
  package let kind: ItemKind
  package let ref: String
  package let worker: String
  /// Higher than that of every earlier claim of any item.
  package let fence: Int64
  /// How often the item had been pushed when it was claimed.
  package let wake: Int64
  package let errors: Int
  package let crashes: Int
  package let due: Timestamp
}
