import JSON
import Sessions

/// How much a model can read at once, in tokens.
struct ContextWindow: Sendable, Equatable {
  /// What is assumed of a model that nobody knows.
  static let assumed = 128_000
  /// Known windows by the beginnings of the models' names. The longest that fits counts.
  private static let known: [String: Int] = [
    "claude-": 200_000, "gpt-oss": 128_000, "qwen3": 128_000, "llama3": 128_000, "llama-3": 128_000,
    "mistral": 128_000, "deepseek": 128_000,
  ]

  let tokens: Int

  init(tokens: Int) { self.tokens = tokens }

  /// - Parameters:
  ///   - model: the agent's model.
  ///   - limits: may say that it is another one here.
  init(of model: JSON?, _ limits: EmbeddedDriver.Limits) {
    let name = model?["id"]?.stringValue ?? model?.stringValue ?? ""
    let known = ContextWindow.known.filter { name.hasPrefix($0.key) }.max { $0.key.count < $1.key.count }
    tokens = limits.window ?? known?.value ?? ContextWindow.assumed
  }

  /// How long a reply may be: never more than a quarter of the window, or half of it after one that was cut.
  func reply(upTo maximum: Int, afterCut: Bool) -> Int {
    max(256, min(maximum, afterCut ? tokens / 2 : tokens / 4))
  }

  /// What remains for the request when the reply may be this long.
  func room(besides reply: Int) -> Int { tokens - reply }
}

/// Estimates of what a request costs: nobody counts before it is sent. A token has about 3.5 bytes of text.
enum TokenEstimate {
  /// What an image or a page of a document costs, whatever its size in bytes.
  private static let picture = 1_600
  private static let bytesOfPage = 50_000

  static func tokens(_ values: [JSON]) -> Int { tokens(ofBytes: values.reduce(0) { $0 + bytes($1) }) }
  static func tokens(_ text: String) -> Int { tokens(ofBytes: text.utf8.count) }
  static func tokens(ofBytes bytes: Int) -> Int { bytes * 2 / 7 }
  static func bytes(ofTokens tokens: Int) -> Int { tokens * 7 / 2 }

  private static func bytes(_ value: JSON) -> Int {
    if let text = value.stringValue { return text.utf8.count }
    if let values = value.arrayValue { return values.reduce(2) { $0 + bytes($1) + 1 } }
    guard let object = value.objectValue else { return 4 }
    if object["type"]?.stringValue == "base64", let data = object["data"]?.stringValue {
      return bytes(ofTokens: picture * max(1, data.utf8.count / bytesOfPage))
    }
    return object.reduce(2) { $0 + $1.key.utf8.count + 4 + bytes($1.value) }
  }
}
