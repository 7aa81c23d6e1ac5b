import Domains
import HTTPServer
import JSON
import Primitives
import Sessions
import Store

// Threads. Every session has one, its primary; its events are the session's.
extension API {
  func listThreads(_ request: Request) async throws -> HTTPResponse {
    let (id, moment) = (request.path("id"), time.moment())
    let limit = try request.limit(default: 1000, maximum: 1000)
    let statuses = try request.choices("statuses", Session.Status.self)
    let list = "threads of \(id)"
    let after = try request.cursor(of: list)?["after"]?.stringValue
    let session = try await domains.database.read { [domains] tx in try domains.sessions.session(tx, id) }
    let isShown = (statuses.isEmpty || statuses.contains(session.shownStatus)) && after == nil
    return page(isShown ? [session.threadJSON(at: moment)] : [], limit: limit, of: list)
  }

  func showThread(_ request: Request) async throws -> HTTPResponse {
    let moment = time.moment()
    return json(try await sessionOfThread(request).threadJSON(at: moment))
  }

  func archiveThread(_ request: Request) async throws -> HTTPResponse {
    let session = try await sessionOfThread(request)
    throw APIError.invalid(
      "\(session.threadID) is the primary thread of its session; archive the session \(session.id) instead.")
  }

  /// - Throws: `SessionError.noThread` when the route names a thread that is not the session's.
  func sessionOfThread(_ request: Request) async throws -> Session {
    let (id, thread) = (request.path("id"), request.path["thread"])
    let session = try await domains.database.read { [domains] tx in try domains.sessions.session(tx, id) }
    if let thread, thread != session.threadID { throw SessionError.noThread(id: thread, session: id) }
    return session
  }
}
