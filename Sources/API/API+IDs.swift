import Catalog
import Domains
import HTTPServer
import Hooks
import JSON
import Jobs
import Outbox
import Reading
import Runs
import Sessions
import Store

// Ids by their ends, for people at a command line. Everything else of the API takes whole ids only.
extension API {
  private static let idTables = [
    Runs.runIDs, Runs.firingIDs, Outbox.ids, Hooks.ids, Hooks.refusedIDs, Sessions.ids, Files.ids,
    Agents.ids, Environments.ids, Jobs.ids, APIKeys.ids,
  ]
  /// As many as are shown to somebody whose end fits several.
  private static let endMatches = 20

  /// The ids that end so, the newest of each kind first.
  func listIDs(_ request: Request) async throws -> HTTPResponse {
    let text = request.path("end")
    guard let (word, end) = ID.end(text) else {
      throw APIError.invalid(
        "\(quoted(text)) is no end of an id: use its last \(ID.shortestEnd) letters and digits, or more.")
    }
    let tables = API.idTables.filter { word == nil || $0.word == word }
    var ids: [String] = try await domains.database.read { tx in
      try tables.flatMap { table in try table.ids(tx, endingWith: end, limit: API.endMatches) }
    }
    // What stands in two tables is one thing.
    var seen: Set<String> = []
    ids = ids.filter { seen.insert($0).inserted }
    let data = ids.prefix(API.endMatches).map { id -> JSON in ["id": .string(id), "type": "id"] }
    return json(["data": .array(data), "next_page": .null])
  }
}
