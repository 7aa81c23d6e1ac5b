import ArgumentParser
import JSON

/// What is asked before something is archived or deleted.
protocol RemovalGuard: ParsableArguments {
  /// - Throws: `Complaint` when it had better not be done.
  func check(_ id: String, on server: Server) async throws
}

/// For what nothing else needs.
struct Unguarded: RemovalGuard {
  func check(_ id: String, on server: Server) async throws {}
}

/// For what jobs name: without it they would start nothing any more.
struct JobGuard<Resource: WireResource>: RemovalGuard {
  @Flag(help: "Do it although jobs use it: they start nothing then.")
  var force = false

  func check(_ id: String, on server: Server) async throws {
    if force { return }
    let jobs = try await server.get(["v1", "jobs"])["data"]?.arrayValue ?? []
    let users = jobs.filter { $0["\(Resource.word)_id"]?.stringValue == id }
      .compactMap { $0["name"]?.stringValue }
    if !users.isEmpty { throw Complaint.inUse(kind: Resource.word, id: id, jobs: users) }
  }
}
