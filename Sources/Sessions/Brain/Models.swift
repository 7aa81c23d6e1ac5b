package import HTTPClient
package import Primitives
package import Sessions

/// Chooses who answers a session: its rehearsal if it has one, else the Messages API.
package struct Models: ModelProvider {
  private let client: HTTPClient
  private let baseURL: String
  private let key: String?
  private let rehearses: Bool
  private let time: Time

  /// - Parameters:
  ///   - baseURL: of `ANTHROPIC_BASE_URL`; nil or empty is the official server.
  ///   - key: of `ANTHROPIC_API_KEY`.
  ///   - rehearses: whether nobody may be asked (`--rehearse`).
  package init(
    client: HTTPClient, baseURL: String?, key: String?, rehearses: Bool, time: Time = .system
  ) {
    self.client = client
    self.baseURL = Models.given(baseURL) ?? MessagesModel.officialURL
    self.key = Models.given(key)
    self.rehearses = rehearses
    self.time = time
  }

  /// Without the line end that a file or a copy has left at it; nil for nothing.
  private static func given(_ text: String?) -> String? {
    guard let text else { return nil }
    let trimmed = String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    return trimmed.isEmpty ? nil : trimmed
  }

  package func model(for session: Session) throws -> any Model {
    if let rehearsal = session.rehearsal { return try RehearsalModel(rehearsal, time: time) }
    if rehearses {
      throw ModelError.unavailable(
        message:
          "This server rehearses (--rehearse), and the session has no rehearsal. Add rehearsal.yaml to "
          + "its job, or start the server without --rehearse.")
    }
    guard let key else {
      throw ModelError.unavailable(
        message: "There is no key for the model. Set ANTHROPIC_API_KEY (any value, if the server at "
          + "ANTHROPIC_BASE_URL asks for none), or start the server with --rehearse to play rehearsals.")
    }
    return MessagesModel(client: client, baseURL: baseURL, key: key)
  }
}
