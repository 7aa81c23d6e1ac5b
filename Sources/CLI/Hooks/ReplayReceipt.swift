import ArgumentParser
import JSON

/// `errand hooks replay`
struct ReplayReceipt: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Take a webhook after all that a server had refused.",
    discussion: """
      It is read as the source's file and this version say now, and starts what it would have started.

      EXAMPLES:
        errand hooks receipts --state refused
        errand hooks replay rcpt_01kq3v5m9x
      """)

  @Argument(help: "The id of a refused receipt.")
  var id: String
  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let kind = ThingKind(id: id)
    guard kind == .receipt else {
      throw Complaint.wrongThing(id: id, kind: kind, wanted: "a refused receipt")
    }
    let answer = try await server.server().post(["v1", "receipts", id, "replay"], [:])
    if json { return Say.output(answer.shownText) }
    if answer["repeat"] == true { Say.notice("It was taken before; this is what it came to.") }
    let firings = answer["firings"]?.arrayValue ?? []
    if firings.isEmpty { Say.output("It is taken; no job listens to its source.") }
    for firing in firings { Say.output(words(firing)) }
  }

  private func words(_ firing: JSON) -> String {
    let (job, decision) = (firing["job"]?.stringValue ?? "", firing["decision"]?.stringValue ?? "")
    let what = firing["run_id"]?.stringValue ?? firing["reason"]?.stringValue ?? ""
    return "\(job): \(decision.replacing("_", with: " "))  \(what)".onOneLine
  }
}
