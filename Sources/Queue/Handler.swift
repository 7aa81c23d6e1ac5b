/// Who works on the items of one kind.
package struct Handler: Sendable {
  package let kind: ItemKind
  /// The most items of the kind that one worker holds at a time.
  package let concurrency: Int
  /// Works on the item and gives the claim back with `Queue.finish` or `Queue.reschedule`, in the transaction
  /// that records the work. When it throws, the item is tried again after a growing pause; when it returns
  /// and still holds the claim, the item is due again at once.
  package let handle: @Sendable (Claim) async throws -> Void

  package init(
    kind: ItemKind, concurrency: Int, handle: @escaping @Sendable (Claim) async throws -> Void
  ) {
    self.kind = kind
    self.concurrency = concurrency
    self.handle = handle
  }
}
