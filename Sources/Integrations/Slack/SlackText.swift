/// Slack's way of writing texts: `&`, `<` and `>` escaped, people as `<@U…>`, links as `<url|label>`.
/// https://docs.slack.dev/messaging/formatting-message-text
enum SlackText {
  /// So much of an answer is shown; a colleague reads no more in a chat.
  private static let limit = 2000

  /// What a person typed, without the mention of the app that begins it.
  static func plain(_ text: String, addressedTo own: [String] = []) -> String {
    var text = text
    for user in own where text.hasPrefix("<@\(user)>") { text.removeFirst(user.count + 3) }
    let trimmed = text.drop(while: \.isWhitespace)
    // The ampersand last, or "&amp;lt;" would be decoded twice.
    return String(trimmed).replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing(
      "&amp;", with: "&")
  }

  static func escaped(_ text: String) -> String {
    // Code point by code point: with an accent behind it a "<" is another character for Swift, and none for Slack.
    let scalars = text.unicodeScalars
    var escaped = ""
    for scalar in scalars.prefix(limit) {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return scalars.count > limit ? escaped + "…" : escaped
  }
}
