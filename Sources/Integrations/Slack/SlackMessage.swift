import JSON
import Primitives

/// A run's result as a colleague would tell it in a chat: the agent's own words, what became of it if it did
/// not work out, and the files.
struct SlackMessage: Sendable, Equatable {
  /// What Slack advises for a message, in characters.
  static let limit = 4000
  /// More files than that are counted, not listed.
  static let shownFiles = 20

  let text: String

  /// - Parameters:
  ///   - result: `data` of the delivery.
  ///   - introduction: what the job's author puts before it, in Slack's markup.
  ///   - link: the address under which a file can be fetched; nil when there is none.
  init(_ result: JSON, introduction: String?, link: (String) -> String?) {
    let opening = [introduction.map(SlackMarkup.withoutBroadcasts), SlackMessage.opening(result)]
      .compactMap(\.self).filter { !$0.isEmpty }.joined(separator: "\n")
    let files = SlackMessage.files(result, link)
    let closing = SlackMessage.closing(result)
    let answer = SlackMarkup.text(ofMarkdown: SlackMessage.answer(result))
    let frame = [opening, files, closing].filter { !$0.isEmpty }
    // The agent's words are what can be long; the rest stays whole.
    let room = SlackMessage.limit - frame.reduce(0) { $0 + $1.unicodeScalars.count + 2 }
    let cut = SlackMarkup.cut(answer, to: max(200, room)) { left in
      "_… and \(left) more characters. The whole answer is with run \(result["run_id"]?.stringValue ?? "")._"
    }
    text = [opening, cut, files, closing].filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  /// How it ended, unless it went well: then the answer speaks for itself.
  private static func opening(_ result: JSON) -> String {
    switch result["state"]?.stringValue {
    case "succeeded": ""
    case "unsatisfied":
      "I tried \(times(result["outcome"]?["iterations"]?.intValue ?? 1)), and it is still not as it should be."
    case "cancelled": "Somebody stopped this before I was done."
    case "timed_out": "This took longer than I may work on it, so I had to stop."
    case "capped": "This needed more than I may spend on it, so I had to stop."
    default:
      couldNotBeDone(result)
        ? "Sorry, I could not do this."
        : "Sorry, something went wrong on my side, and I could not finish this. Please try it again later."
    }
  }

  /// Whether it failed for what was asked, as the grader saw it, and not for something of ours.
  private static func couldNotBeDone(_ result: JSON) -> Bool {
    result["outcome"]?["result"]?.stringValue == "failed"
  }

  /// What the agent said last. Words of a run that broke off belong to the middle of its work.
  private static func answer(_ result: JSON) -> String {
    let message = result["message"]?.stringValue ?? ""
    switch result["state"]?.stringValue {
    case "succeeded": return message.isEmpty ? "Done." : message
    case "unsatisfied": return message
    case "failed" where couldNotBeDone(result):
      return message.isEmpty ? result["outcome"]?["explanation"]?.stringValue ?? "" : message
    default: return ""
    }
  }

  private static func files(_ result: JSON, _ link: (String) -> String?) -> String {
    let files = result["files"]?.arrayValue ?? []
    var lines = files.prefix(shownFiles).map { file in
      let name = SlackMarkup.escaped((file["filename"]?.stringValue ?? "").textLines.joined(separator: " "))
      let size = size(file["size_bytes"]?.integerValue ?? 0)
      let address = file["id"]?.stringValue.flatMap(link).map { SlackMarkup.escaped($0) }
      // A bar would end the label.
      let label = name.replacing("|", with: "¦")
      return "• \(address.map { "<\($0)|\(label)>" } ?? name) (\(size))"
    }
    if files.count > shownFiles { lines.append("• and \(files.count - shownFiles) more") }
    let isWhole = result["state"]?.stringValue == "succeeded"
    if !lines.isEmpty, !isWhole { lines.insert("This is what there is so far:", at: 0) }
    return lines.joined(separator: "\n")
  }

  /// By what to ask for it, if it did not go well.
  private static func closing(_ result: JSON) -> String {
    guard result["state"]?.stringValue != "succeeded", let run = result["run_id"]?.stringValue else {
      return ""
    }
    return "_If you ask somebody about it, it is run \(run)._"
  }

  private static func times(_ count: Int) -> String {
    count == 1 ? "once" : count == 2 ? "twice" : "\(count) times"
  }

  /// `4.2 kB`
  private static func size(_ bytes: Int64) -> String {
    if bytes < 1000 { return "\(bytes) B" }
    let (unit, name): (Int64, String) = bytes < 999_950 ? (1000, "kB") : (1_000_000, "MB")
    let tenths = (bytes * 10 + unit / 2) / unit
    return "\(tenths / 10).\(tenths % 10) \(name)"
  }
}
