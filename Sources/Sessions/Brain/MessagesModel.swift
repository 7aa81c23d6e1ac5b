package import HTTPClient
import JSON
import Primitives
package import Sessions

/// Asks a server that speaks the Anthropic Messages API, streamed: the cloud, a gateway, or a local one.
///
/// It relies on nothing that only some servers have: no betas, no thinking switch, no `role: "system"`
/// messages. `output_config.effort` is sent to the official server only, and only when it differs from that
/// server's default.
package struct MessagesModel: Model {
  package static let officialURL = "https://api.anthropic.com"
  static let version = "2023-06-01"
  /// How long a stream may go on after its reply is complete.
  private static let grace: Duration = .seconds(1)

  private let client: HTTPClient
  private let baseURL: String
  private let key: String
  private let timeout: Duration
  private let idleTimeout: Duration

  /// - Parameters:
  ///   - baseURL: without `/v1`.
  ///   - timeout: for a whole reply.
  ///   - idleTimeout: the longest silence; the official server sends pings in between.
  package init(
    client: HTTPClient, baseURL: String = MessagesModel.officialURL, key: String,
    timeout: Duration = .seconds(3600), idleTimeout: Duration = .seconds(300)
  ) {
    self.client = client
    self.baseURL = String(baseURL.reversed().drop { $0 == "/" }.reversed())
    self.key = key
    self.timeout = timeout
    self.idleTimeout = idleTimeout
  }

  package func reply(to request: ModelRequest) async throws -> ModelReply {
    try await reply(to: request) { _ in }
  }

  package func reply(
    to request: ModelRequest, telling: @escaping @Sendable (ModelProgress) -> Void
  ) async throws -> ModelReply {
    do {
      return try await ask(request, telling)
    } catch let error as HTTPClientError {
      if error == .closed { throw CancellationError() }
      throw error.isRetryable || error.mayHaveArrived
        ? ModelError.failed(message: hiding(error.description))
        : ModelError.unavailable(
          message: "The model's server cannot be asked: \(hiding(error.description)) "
            + "ANTHROPIC_BASE_URL says where it is.")
    } catch let error as ServerSentEvents.TooLong {
      throw ModelError.failed(message: error.description)
    }
  }

  private func ask(
    _ request: ModelRequest, _ telling: @escaping @Sendable (ModelProgress) -> Void
  ) async throws -> ModelReply {
    let body = MessagesRequest.body(request, isOfficial: baseURL == MessagesModel.officialURL)
    let answer = try await client.stream(
      HTTPClient.Request(
        method: "POST", url: "\(baseURL)/v1/messages",
        headers: [
          ("x-api-key", key), ("anthropic-version", MessagesModel.version),
          ("content-type", "application/json"), ("accept", "text/event-stream"),
        ], body: body.bytes, timeout: timeout, idleTimeout: idleTimeout))
    guard answer.status == 200 else {
      let bytes = try await MessagesModel.beginning(of: answer.body)
      throw MessagesError(
        status: answer.status, body: bytes, retryAfter: answer.headers.first("retry-after")
      ).modelError(hiding: hiding)
    }
    return try await assemble(answer.body, telling)
  }

  /// Reads the whole stream. The reply may be complete before it ends: the rest is waited for only shortly, so
  /// that the connection can be used again.
  private func assemble(
    _ body: HTTPClient.StreamingResponse.Body, _ telling: @escaping @Sendable (ModelProgress) -> Void
  ) async throws -> ModelReply {
    let (untilWhole, whole) = AsyncStream<Void>.makeStream()
    return try await withThrowingTaskGroup(of: ModelReply?.self) { group in
      group.addTask { try await read(body, whole: whole, telling) }
      group.addTask {
        for await _ in untilWhole {}
        try await Task.sleep(for: MessagesModel.grace)
        return nil
      }
      while let ended = try await group.next() {
        group.cancelAll()
        if let reply = ended { return reply }
      }
      throw CancellationError()
    }
  }

  /// - Parameter whole: finished as soon as the reply is complete.
  private func read(
    _ body: HTTPClient.StreamingResponse.Body, whole: AsyncStream<Void>.Continuation,
    _ telling: @Sendable (ModelProgress) -> Void
  ) async throws -> ModelReply {
    defer { whole.finish() }
    var events = ServerSentEvents()
    var assembly = ReplyAssembly()
    do {
      for try await bytes in body where assembly.reply == nil {
        for event in try events.read(bytes) {
          if let progress = try assembly.add(event) { telling(progress) }
        }
        if assembly.reply != nil { whole.finish() }
      }
    } catch  where assembly.reply != nil {
      // Nothing is missing, however the stream ended.
    } catch let error as MessagesError {
      throw error.modelError(hiding: hiding)
    }
    guard let reply = assembly.reply else {
      throw ModelError.failed(message: "its stream ended before the reply did")
    }
    return reply
  }

  /// As much of an error's body as can hold its message.
  private static func beginning(of body: HTTPClient.StreamingResponse.Body) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    for try await piece in body {
      bytes += piece
      if bytes.count >= 64 * 1024 { break }
    }
    return bytes
  }

  /// A server may repeat in an error what it was sent.
  private func hiding(_ text: String) -> String {
    key.isEmpty ? text : text.replacing(key, with: "(the key)")
  }
}
