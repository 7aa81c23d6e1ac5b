/// One step of the schema. Each domain has a list of its own; the composition root joins them in the order
/// of the path. A step that has been released is never edited, only followed by another.
package struct Migration: Sendable, Hashable {
  /// Such as `sessions-0001`; unique among all domains.
  package let id: String
  /// A script of statements, run in one transaction.
  package let sql: String

  package init(id: String, sql: String) {
    self.id = id
    self.sql = sql
  }
}
