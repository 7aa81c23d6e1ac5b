import JSON
import Jobs
import Store

/// A verified request, read and compared with the jobs of its source. Nothing has happened yet.
struct HookArrival: Sendable {
  let purpose: HookPurpose
  let context: JSON.Object
  let plan: HookPlan
  /// As it is kept: unpacked.
  let body: [UInt8]
  /// The headers that are kept, written out before anything is locked.
  let headers: WrittenJSON
  /// By which the same bytes are found again under another key; nil when the key is proof enough.
  let digest: String?

  /// - Throws: `HookRefusal` when it is not taken.
  init(_ request: HookRequest, at source: OpenSource, named name: String) throws(HookRefusal) {
    let plain = try HookBody.unpacked(request)
    purpose = try source.kind.purpose(of: plain)
    body = plain.body
    guard case .occurrence(let reading) = purpose else {
      (context, plan, digest) = ([:], JobTable([]).plan([:], actor: .owner), nil)
      headers = WrittenJSON([:])
      return
    }
    context = reading.context(source: name)
    plan = source.table.plan(context, actor: reading.actor)
    headers = WrittenJSON(.object(reading.headers))
    digest = reading.once == .perKey ? nil : Digest.of(plain.body)
  }
}
