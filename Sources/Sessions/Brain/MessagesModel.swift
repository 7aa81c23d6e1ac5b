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
  /// How long the formal end of a reply is waited for that says why it ended.
  private static let patience: Duration = .seconds(10)

  private let client: HTTPClient
  private let address: MessagesAddress
  private let key: String
  private let cleaner: RemarkCleaner
  private let timeout: Duration
  private let idleTimeout: Duration

  /// - Parameters:
  ///   - baseURL: with or without `/v1`.
  ///   - timeout: for a whole reply.
  ///   - idleTimeout: the longest silence; the official server sends pings in between.
  package init(
    client: HTTPClient, baseURL: String = MessagesModel.officialURL, key: String,
    timeout: Duration = .seconds(3600), idleTimeout: Duration = .seconds(300)
  ) {
    self.client = client
    address = MessagesAddress(base: baseURL)
    self.key = key
    // A server may repeat in an error what it was sent.
    cleaner = RemarkCleaner(secrets: [key])
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
        ? ModelError.failed(
          message: "\(cleaner.clean(error.description)) \(MessagesError.place(address.shown))")
        : ModelError.unavailable(
          message: "The model's server cannot be asked: \(cleaner.clean(error.description)) "
            + "ANTHROPIC_BASE_URL says where it is.")
    } catch let error as ServerSentEvents.TooLong {
      throw ModelError.failed(message: error.description)
    } catch let error as MessagesError {
      throw error.modelError(at: address.shown, cleaning: cleaner.clean)
    }
  }

  private func ask(
    _ request: ModelRequest, _ telling: @escaping @Sendable (ModelProgress) -> Void
  ) async throws -> ModelReply {
    let body = MessagesRequest.body(request, isOfficial: address.isOfficial)
    let answer = try await client.stream(
      HTTPClient.Request(
        method: "POST", url: address.url,
        headers: [
          ("x-api-key", key), ("anthropic-version", MessagesModel.version),
          ("content-type", "application/json"), ("accept", "text/event-stream"),
        ], body: body.bytes, timeout: timeout, idleTimeout: idleTimeout, isDecoded: true))
    let pause = answer.headers.first("retry-after").flatMap(MessagesError.pause)
    guard answer.status == 200 else {
      let bytes = try await MessagesModel.beginning(of: answer.body)
      throw MessagesError.said(SaidError(status: answer.status, body: bytes, retryAfter: pause))
    }
    do {
      return try await assemble(answer.body, telling)
    } catch MessagesError.said(var error) {
      error.retryAfter = pause ?? error.retryAfter
      throw MessagesError.said(error)
    } catch MessagesError.other(let kind, let text, _) {
      let type = answer.headers.first("content-type")?.prefix { $0 != ";" }.prefix(100)
      throw MessagesError.other(kind, text: text, type: type.map(String.init))
    }
  }

  /// Reads the whole stream. The reply may be complete before it ends: the rest is waited for only shortly, so
  /// that the connection can be used again.
  private func assemble(
    _ body: HTTPClient.StreamingResponse.Body, _ telling: @escaping @Sendable (ModelProgress) -> Void
  ) async throws -> ModelReply {
    let (said, isSaid) = AsyncStream<Void>.makeStream()
    let (untilWhole, whole) = AsyncStream<Void>.makeStream()
    return try await withThrowingTaskGroup(of: ModelReply?.self) { group in
      group.addTask { try await read(body, said: isSaid, whole: whole, telling) }
      for (end, wait) in [(untilWhole, MessagesModel.grace), (said, MessagesModel.patience)] {
        group.addTask {
          for await _ in end {}
          try await Task.sleep(for: wait)
          return nil
        }
      }
      while let ended = try await group.next() {
        group.cancelAll()
        if let reply = ended { return reply }
      }
      throw CancellationError()
    }
  }

  /// - Parameters:
  ///   - said: finished as soon as nothing but the formal end of the reply is missing.
  ///   - whole: finished as soon as the reply is complete.
  private func read(
    _ body: HTTPClient.StreamingResponse.Body, said: AsyncStream<Void>.Continuation,
    whole: AsyncStream<Void>.Continuation, _ telling: @Sendable (ModelProgress) -> Void
  ) async throws -> ModelReply {
    defer {
      said.finish()
      whole.finish()
    }
    var reading = AnswerReading()
    do {
      for try await bytes in body where reading.reply == nil {
        for progress in try reading.add(bytes) { telling(progress) }
        if reading.isSaid { said.finish() }
        if reading.reply != nil { whole.finish() }
      }
    } catch let error as MessagesError {
      throw error
    } catch let error as ServerSentEvents.TooLong {
      throw error
    } catch {
      // However the stream ended: if all was said, nothing is missing. Else what it did say tells more than that it
      // broke off.
      if let reply = try? reading.end() { return reply }
      if !(error is CancellationError), let said = reading.complaint { throw said }
      throw error
    }
    return try reading.end()
  }

  /// As much of an error's body as can hold its message.
  private static func beginning(of body: HTTPClient.StreamingResponse.Body) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    do {
      for try await piece in body {
        bytes += piece
        if bytes.count >= RemarkCleaner.reach { break }
      }
    } catch let error as HTTPClientError where error != .closed && !bytes.isEmpty {
      // The status and the beginning tell enough.
    }
    return bytes
  }
}
