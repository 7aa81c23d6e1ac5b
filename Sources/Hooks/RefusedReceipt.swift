import JSON
package import Primitives
import Signatures
import Store

/// A request that proved itself and could not be taken all the same: what came, and why not. After an upgrade,
/// or when the source's file is mended, it can be played again (`Hooks.replay`).
package struct RefusedReceipt: Sendable, Equatable {
  package var id: String
  package var source: String
  /// `HookRefusal.code`.
  package var code: String
  package var reason: String
  package var receivedAt: Timestamp
  /// How often the same request came again.
  package var repeats: Int
  /// When it was taken after all.
  package var replayedAt: Timestamp?
  /// What it became then: the receipt of this id, or that of the same delivery which came in between.
  package var receipt: String?

  static let columns = "id, source, code, reason, received_at, repeats, replayed_at, receipt_id"

  init(_ row: Row) throws {
    id = try row["id"]
    source = try row["source"]
    code = try row["code"]
    reason = try row["reason"]
    receivedAt = try row["received_at"]
    repeats = try row["repeats"]
    replayedAt = try row["replayed_at"]
    receipt = try row["receipt_id"]
  }

  /// The request of a row, as it came.
  static func request(_ row: Row) throws -> HookRequest {
    let headers: JSON = try row["headers"]
    let fields = (headers.objectValue ?? [:]).flatMap { name, values in
      (values.arrayValue ?? []).compactMap { value in value.stringValue.map { (name, $0) } }
    }
    return HookRequest(headers: SignatureHeaders(fields), body: try row["body"])
  }
}
