import HTTPClient
import JSON
import Primitives

/// Shows the events of a session's log in their order: those that are there, and those that come.
///
/// The stream is opened before the log is listed, so that nothing falls between the two. Every event is shown
/// once; an input counts when the agent has taken it. A stream that breaks off is opened again.
struct SessionFollower: Sendable {
  let server: Server
  let session: String
  /// How often it is asked whether there is still something to wait for.
  let patience: Duration
  let show: @Sendable (JSON) async throws -> Void

  /// Events shown already.
  private let seen = Lock<Set<String>>([])

  init(
    _ server: Server, session: String, patience: Duration = .seconds(2),
    show: @escaping @Sendable (JSON) async throws -> Void
  ) {
    self.server = server
    self.session = session
    self.patience = patience
    self.show = show
  }

  /// Shows what is in the log now.
  func list() async throws {
    var page: String?
    repeat {
      let answer = try await server.get(path, [("page", page)])
      for event in answer["data"]?.arrayValue ?? [] { try await take(event) }
      page = answer["next_page"]?.stringValue
    } while page != nil
  }

  /// Shows what is there and what comes, until `isOver` says that nothing will.
  /// - Parameter notice: told when the stream broke off.
  func follow(
    until isOver: @escaping @Sendable () async throws -> Bool,
    notice: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await read(until: isOver, notice) }
      group.addTask {
        repeat { try await Task.sleep(for: patience) } while try await !isOver()
      }
      defer { group.cancelAll() }
      try await group.next()
    }
    try await list()
  }

  private var path: [String] { ["v1", "sessions", session, "events"] }

  private func read(
    until isOver: @Sendable () async throws -> Bool, _ notice: @Sendable (String) -> Void
  ) async throws {
    var pause = Duration.milliseconds(250)
    while true {
      do {
        let stream = try await server.stream(path + ["stream"])
        try await list()
        if try await isOver() { return }
        pause = .milliseconds(250)
        if try await read(stream, until: isOver) { return }
        if try await isOver() { return }
      } catch let error as HTTPClientError {
        notice("The stream broke off: \(error) Connecting again.")
      } catch Complaint.unreachable(_, let reason) {
        notice("The server is gone: \(reason) Trying again.")
      }
      try await Task.sleep(for: pause)
      pause = min(pause * 2, .seconds(10))
    }
  }

  /// - Returns: whether it is over.
  private func read(
    _ stream: HTTPClient.StreamingResponse, until isOver: @Sendable () async throws -> Bool
  ) async throws -> Bool {
    var reader = ServerSentEvents(limit: 64 << 20)
    for try await chunk in stream.body {
      for message in try reader.read(chunk) {
        // Anything else is not ours: a proxy's.
        guard let event = try? JSON(parsing: message.data, limits: .exact) else { continue }
        try await take(event)
        let rests = ["session.status_idle", "session.status_terminated", "session.deleted"]
        if rests.contains(event["type"]?.stringValue ?? ""), try await isOver() { return true }
      }
    }
    return false
  }

  private func take(_ event: JSON) async throws {
    guard let id = event["id"]?.stringValue, event["processed_at"]?.isNull == false else { return }
    if seen.withLock({ $0.insert(id).inserted }) { try await show(event) }
  }
}
