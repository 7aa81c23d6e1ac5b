import JSON
import Store

extension Server {
  /// The whole id of what somebody named by the end of its id, `7x3k` or `run_7x3k`. Whatever is named otherwise, and
  /// an end that nothing has, stays as it is: the server then says that there is no such thing.
  /// - Parameters:
  ///   - kinds: what may be meant; none is anything.
  ///   - orJob: a job may have such a name, and then it is meant.
  /// - Throws: `Complaint.ambiguous` when the end fits several, `Complaint.shortEnd` when it would fit too many.
  func whole(_ given: String, _ kinds: ThingKind..., orJob: Bool = false) async throws -> String {
    // What may be a job's name too is the server's to judge.
    if ID.isShortEnd(given), !orJob { throw Complaint.shortEnd(given) }
    guard let (_, end) = ID.end(given), let all = try await ids(endingWith: given) else { return given }
    let found = all.filter { $0.hasSuffix(end) }
    let wanted = found.filter { kinds.isEmpty || kinds.contains(ThingKind(id: $0)) }
    // Of another kind, it is told what it is instead.
    let fitting = wanted.isEmpty ? found : wanted
    if fitting.isEmpty { return given }
    if orJob, try await isJob(given) { return given }
    guard fitting.count == 1 else { throw Complaint.ambiguous(given, ids: fitting) }
    return fitting[0]
  }

  /// Nil when the server is an older one, or the key may not ask: then the command itself says what is wrong.
  private func ids(endingWith end: String) async throws -> [String]? {
    do {
      return try await get(["v1", "ids", end])["data"]?.arrayValue?.compactMap { $0["id"]?.stringValue } ?? []
    } catch Complaint.refused(let status, _) where [400, 404].contains(status) {
      return nil
    } catch Complaint.notAllowed {
      return nil
    }
  }

  private func isJob(_ name: String) async throws -> Bool {
    do {
      return try await get(["v1", "jobs", name])["name"]?.stringValue == name
    } catch Complaint.refused(404, _) {
      return false
    }
  }
}
