import HTTPClient
import JSON
import Primitives
import StandIns

/// The chat task: a slash command becomes a table and a chart, and a second one cannot be done.
struct ChatStory: Story {
  static let job = "chat-task"
  static let about = "a word in chat that becomes a table and a chart"

  /// How long Slack waits for an acknowledgement.
  static let slackWaits = Duration.seconds(3)

  let stage: Stage
  private let client = HTTPClient(userAgent: "colleague")
  private var narrator: Narrator { stage.narrator }

  init(stage: Stage) {
    self.stage = stage
  }

  func tell() async throws -> Expectations {
    var expectations = Expectations()
    narrator.title("A word in chat becomes a table and a chart")
    try stage.folder.addSettings(
      "allowed_hosts: [\"\(stage.slack.host)\"]", toCallback: "slack", of: ChatStory.job)
    try await stage.applyAndTell()
    let text = "boardings on Thursday: pier 1: 412, pier 2: 388, pier 3: 97, pier 4: 251"
    if let (run, answer) = try await ask(text, "first", &expectations) {
      expectations.expect(
        run["state"]?.stringValue == "succeeded",
        "the chat task is \(run["state"]?.stringValue ?? ""), not succeeded: \(run["reason"]?.stringValue ?? "")"
      )
      try await fetch(answer, &expectations)
    }

    narrator.title("A request that cannot be done is answered too")
    try stage.folder.copy("without-numbers.yaml", over: "rehearsal.yaml", of: ChatStory.job)
    try await stage.apply()
    if let (run, answer) = try await ask("a chart of how we all feel", "second", &expectations) {
      expectations.expect(
        run["state"]?.stringValue == "failed",
        "the task without numbers is \(run["state"]?.stringValue ?? ""), not failed")
      expectations.expect(
        answer.contains("Sorry, I could not do this.") && answer.contains("no numbers in your message"),
        "the colleague was not told why there is no chart: \(answer.onOneLine)")
    }
    return expectations
  }

  // MARK: One request

  /// Sends a command and tells what becomes of it.
  /// - Returns: the run, and the text that arrived; nil when nothing started.
  private func ask(
    _ text: String, _ name: String, _ expectations: inout Expectations
  ) async throws -> (run: JSON, answer: String)? {
    let sender = HookSender(url: "\(stage.server.url)/hooks/slack")
    let secret = Hex.encode(Randomness.system.bytes(12))
    let command = command(text, secret)
    narrator.tell("colleague", "/errand \(text)", .strong, wraps: true)
    if name == "first" {
      let forged = try await sender.send(command: command, secret: "not the signing secret")
      narrator.tell("forged", "a wrong signature is answered \(forged.words)", .bad, wraps: true)
      expectations.expect(forged.status == 401, "the forged command was answered \(forged.status), not 401")
    }
    let known = Set(try await stage.runs(of: ChatStory.job).compactMap { $0["id"]?.stringValue })
    let answer = try await sender.send(command: command, secret: stage.secrets.slack)
    narrator.tell(
      "slack",
      "reads \(answer.status) after \(TimeWords.duration(answer.took)) (it waits 3 s): “\(answer.body["text"]?.stringValue?.onOneLine ?? "")”",
      answer.status == 200 ? .good : .bad, wraps: true)
    expectations.expect(
      answer.status == 200 && answer.took < ChatStory.slackWaits,
      "the \(name) command was answered \(answer.words) after \(TimeWords.duration(answer.took))")
    guard answer.status == 200 else { return nil }
    let started = try await stage.wait("The \(name) command started nothing") {
      try await stage.runs(of: ChatStory.job).compactMap { $0["id"]?.stringValue }.first {
        !known.contains($0)
      }
    }
    let telling = RunTelling(server: stage.server, narrator: narrator, isFamiliar: name != "first")
    let run = try await telling.tell(started)
    let arrived = try await stage.wait("No answer arrived in the chat") { stage.slack.answers(secret).first }
    tell(arrived["text"]?.stringValue ?? "")
    expectations.expect(
      stage.slack.answers(secret).count == 1, "\(stage.slack.answers(secret).count) answers arrived, not 1")
    for (place, text) in try await stage.readable(of: started) where text.contains(secret) {
      expectations.expect(false, "the response_url of the \(name) command can be read in \(place)")
    }
    return (run, arrived["text"]?.stringValue ?? "")
  }

  /// The fields of a slash command (https://docs.slack.dev/interactivity/implementing-slash-commands).
  private func command(_ text: String, _ secret: String) -> [(name: String, value: String)] {
    [
      ("team_id", "T0PIERS"), ("team_domain", "tidewatch"), ("channel_id", "C0DESK"),
      ("channel_name", "desk"), ("user_id", "U0ADA"), ("user_name", "ada"), ("command", "/errand"),
      ("text", text), ("api_app_id", "A0ERRAND"), ("response_url", stage.slack.responseURL(secret)),
      ("trigger_id", "17.42.\(Hex.encode(Randomness.system.bytes(8)))"),
    ].map { (name: $0.0, value: $0.1) }
  }

  /// The message as the chat shows it, links by their labels.
  private func tell(_ text: String) {
    let lines = ChatStory.shown(text).safeLines.filter { !$0.trimmed.isEmpty }
    for (place, line) in lines.enumerated() {
      narrator.tell(place == 0 ? "chat" : "", line, .strong, wraps: true)
    }
  }

  /// Slack's markup as it is read: `<url|label>` is the label, `&amp;` an ampersand.
  static func shown(_ markup: String) -> String {
    var shown = ""
    var rest = markup[...]
    while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
      shown += rest[..<open]
      let inside = rest[rest.index(after: open)..<close]
      shown += inside.split(separator: "|", maxSplits: 1).last ?? ""
      rest = rest[rest.index(after: close)...]
    }
    return (shown + rest).replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing(
      "&amp;", with: "&")
  }

  // MARK: The files

  /// The addresses and labels of the links in a message.
  static func links(in markup: String) -> [(url: String, label: String)] {
    markup.split(separator: "<").dropFirst().compactMap { part in
      let halves = part.prefix { $0 != ">" }.split(separator: "|", maxSplits: 1).map(String.init)
      return halves.count == 2 ? (halves[0].replacing("&amp;", with: "&"), halves[1]) : nil
    }
  }

  /// Clicks on every link, as a colleague without a key does, and on one that was tampered with.
  private func fetch(_ answer: String, _ expectations: inout Expectations) async throws {
    let links = ChatStory.links(in: answer)
    expectations.expect(
      links.map(\.label).sorted() == ["chart.svg", "table.csv", "table.xlsx"],
      "the answer links to \(links.map(\.label).joined(separator: ", ")), not to chart.svg, table.csv and table.xlsx"
    )
    for (url, label) in links {
      let response = try await client.send(HTTPClient.Request(url: url))
      let begins = response.body.prefix(4)
      let isRight =
        switch label {
        case "table.xlsx": begins.elementsEqual("PK\u{3}\u{4}".utf8)
        case "chart.svg": begins.elementsEqual("<svg".utf8)
        default: !response.body.isEmpty
        }
      narrator.tell(
        "click", "\(label): \(response.status), \(RunStory.size(Int64(response.body.count))), without a key",
        response.status == 200 ? .good : .bad)
      expectations.expect(
        response.status == 200 && isRight, "the link to \(label) was answered \(response.status)")
    }
    guard let link = links.first?.url, let last = link.last else { return }
    let tampered = String(link.dropLast()) + (last == "0" ? "1" : "0")
    let refused = try await client.send(HTTPClient.Request(url: tampered))
    narrator.tell("click", "a link that was tampered with: \(refused.status)", .bad)
    expectations.expect(refused.status == 403, "the tampered link was answered \(refused.status), not 403")
  }
}
