extension HTTPClient {
  /// An answer whose body is still coming. Dropping it, or the iterator of its body, ends the transfer.
  package struct StreamingResponse: Sendable {
    package let status: Int
    package let headers: Headers
    package let body: Body
  }
}

extension HTTPClient.StreamingResponse {
  /// The body in chunks as they arrive, to be read once. A reader that is behind holds the server back: at
  /// most `BodyStream.highWater` bytes and one piece from the network wait.
  ///
  /// Ends with `HTTPClientError`, after the bytes that came before it, or with `CancellationError` when the
  /// reading task is cancelled.
  package struct Body: AsyncSequence, Sendable {
    private let reading: Reading

    init(of stream: BodyStream) {
      reading = Reading(stream, inside: nil)
    }

    package struct Iterator: AsyncIteratorProtocol {
      fileprivate let reading: Reading

      /// The next chunk, never empty; nil after the last.
      package mutating func next() async throws -> [UInt8]? {
        try await reading.stream.next()
      }
    }

    package func makeAsyncIterator() -> Iterator {
      Iterator(reading: Reading(reading.stream, inside: reading))
    }
  }

  /// Ends the transfer when nobody can read on. One belongs to the body and one to each iterator; the
  /// iterator's keeps the body's alive, because `for` loops drop the sequence as soon as they start.
  fileprivate final class Reading: Sendable {
    let stream: BodyStream
    private let outer: Reading?

    init(_ stream: BodyStream, inside outer: Reading?) {
      self.stream = stream
      self.outer = outer
    }

    deinit {
      stream.cancel()
    }
  }
}

@available(*, unavailable)
extension HTTPClient.StreamingResponse.Body.Iterator: Sendable {}
