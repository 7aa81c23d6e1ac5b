import ArgumentParser
import JSON
import Primitives

/// `errand hooks receipts`
struct ListReceipts: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "receipts", abstract: "List the webhooks that a server received.",
    discussion: """
      Those that proved themselves: taken, or refused because they could not be read. What was refused can be taken \
      later with `errand hooks replay`.

      EXAMPLES:
        errand hooks receipts --source github
        errand hooks receipts --state refused
      """)

  @Option(help: "Only those of this source.")
  var source: String?
  @Option(help: "Only these: taken, or refused.")
  var state: String?
  @OptionGroup var list: ListOptions
  @OptionGroup var server: ServerOptions

  func validate() throws { try Choice("state", ["taken", "refused"]).check(state) }

  func run() async throws {
    let answer = try await server.server().get(
      ["v1", "receipts"], [("source", source), ("state", state), ("limit", String(list.limit))])
    let now = Time.system.now()
    ListOutput.show(
      answer, as: list,
      [
        Table.Column(title: "RECEIPT"), Table.Column(title: "CAME"),
        Table.Column(title: "SOURCE", shrinks: true), Table.Column(title: "STATE"),
        Table.Column(title: "WHAT", shrinks: true),
      ], things: "receipts",
      nothing: source == nil && state == nil ? "Nothing has come in." : "There are no such receipts."
    ) { receipt in
      [
        ListOutput.text(receipt, "id"),
        Table.Cell(TimeWords.relative(receipt["created_at"]?.stringValue, to: now)),
        ListOutput.text(receipt, "source"), ListOutput.state(receipt, "state"),
        Table.Cell(receipt["reason"]?.stringValue ?? receipt["event"]?.stringValue ?? ""),
      ]
    }
  }
}
