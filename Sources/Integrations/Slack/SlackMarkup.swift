import Primitives

/// Text as Slack takes and sends it (https://docs.slack.dev/messaging/formatting-message-text): people are `<@U…>`,
/// links `<url|label>`, and `&`, `<` and `>` are escaped, which also keeps an agent's words from calling a whole
/// channel.
enum SlackMarkup {
  /// What a person typed, without the mention of the app that begins it.
  static func plain(_ text: String, addressedTo own: [String] = []) -> String {
    var text = text
    for user in own where text.hasPrefix("<@\(user)>") { text.removeFirst(user.count + 3) }
    let trimmed = text.drop(while: \.isWhitespace)
    // The ampersand last, or "&amp;lt;" would be decoded twice.
    return String(trimmed).replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing(
      "&amp;", with: "&")
  }

  /// Escapes a text.
  /// - Parameter limit: code points that are kept, with an ellipsis for the rest.
  static func escaped(_ text: String, limit: Int = .max) -> String {
    // Code point by code point: with an accent behind it a "<" is another character for Swift, and none for Slack.
    var escaped = ""
    for scalar in text.unicodeScalars.prefix(limit) {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return text.unicodeScalars.count > limit ? escaped + "…" : escaped
  }

  /// Markup whose `<!channel>` and its like are shown, not obeyed.
  static func withoutBroadcasts(_ markup: String) -> String {
    markup.replacing("<!", with: "&lt;!")
  }

  /// What differs between Markdown and Slack's markup in most answers: headings and bold text. Code stays as
  /// it is.
  static func text(ofMarkdown text: String) -> String {
    var isCode = false
    let lines = escaped(text).textLines.map { line in
      if line.hasPrefix("```") { isCode.toggle() }
      if isCode || line.hasPrefix("```") { return line }
      let bold = line.replacing("**", with: "*")
      let heading = bold.drop { $0 == "#" }
      guard heading.count < bold.count, heading.first == " " else { return bold }
      return "*\(heading.drop { $0 == " " }.replacing("*", with: ""))*"
    }
    return String(lines.joined(separator: "\n").reversed().drop { $0.isWhitespace }.reversed())
  }

  /// The beginning of a text, whole lines if possible, with a note about what is missing. Characters are code
  /// points. A code block is left out whole, or closed when little else would be left.
  /// - Parameter note: gets the number of characters that are left out.
  static func cut(_ text: String, to limit: Int, note: (Int) -> String) -> String {
    let scalars = Array(text.unicodeScalars)
    guard scalars.count > limit else { return text }
    // Room for the note and for the end of a code block.
    var end = max(0, limit - note(scalars.count).unicodeScalars.count - 6)
    let half = end / 2
    if let line = scalars[half..<end].lastIndex(of: "\n") { end = line }
    var fence = openFence(in: scalars[..<end])
    if let start = fence, start > half {
      end = start
      fence = nil
    }
    // An escape that was cut in two would be shown as it stands.
    if let mark = scalars[max(0, end - 5)..<end].lastIndex(of: "&"), !scalars[mark..<end].contains(";") {
      end = mark
    }
    var kept = String(String.UnicodeScalarView(scalars[..<end]))
    while kept.last?.isWhitespace == true { kept.removeLast() }
    return kept + (fence == nil ? "\n" : "\n```\n") + note(scalars.count - end)
  }

  /// Where the code block begins in which a text ends; nil when it ends outside of every one.
  private static func openFence(in scalars: ArraySlice<Unicode.Scalar>) -> Int? {
    var open: Int?
    var start = scalars.startIndex
    while start < scalars.endIndex {
      let end = scalars[start...].firstIndex(of: "\n") ?? scalars.endIndex
      if scalars[start..<end].starts(with: "```".unicodeScalars) { open = open == nil ? start : nil }
      start = end < scalars.endIndex ? end + 1 : end
    }
    return open
  }
}
