import ArgumentParser
import JSON
import Primitives

/// `errand deliveries`
struct Deliveries: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deliveries", abstract: "List results on their way, or send a dead one again.",
    discussion: """
      EXAMPLES:
        errand deliveries
        errand deliveries --state dead
        errand deliveries retry dlv_01kq3v5m9x
      """, subcommands: [ListDeliveries.self, RetryDelivery.self], defaultSubcommand: ListDeliveries.self)
}

struct ListDeliveries: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List deliveries, the newest first. This is what `errand deliveries` does.",
    discussion: """
      EXAMPLES:
        errand deliveries --state pending
        errand deliveries --json | jq -r '.data[] | select(.attempts > 3) | .last_error'
      """)

  @Option(help: "Only deliveries in this state: pending, delivered or dead.")
  var state: String?
  @OptionGroup var list: ListOptions
  @OptionGroup var server: ServerOptions

  func validate() throws { try Choice("state", ["pending", "delivered", "dead"]).check(state) }

  func run() async throws {
    let answer = try await server.server().get(
      ["v1", "deliveries"], [("state", state), ("limit", String(list.limit))])
    let now = Time.system.now()
    ListOutput.show(
      answer, as: list,
      [
        Table.Column(title: "DELIVERY"), Table.Column(title: "STATE"), Table.Column(title: "MADE"),
        Table.Column(title: "TO", shrinks: true), Table.Column(title: "WHAT CAME OF IT", shrinks: true),
      ], things: "deliveries", nothing: "There are no such deliveries."
    ) { delivery in
      [
        ListOutput.text(delivery, "id"), ListOutput.state(delivery, "state"),
        Table.Cell(TimeWords.relative(delivery["created_at"]?.stringValue, to: now)),
        Table.Cell(DeliveryWords.target(delivery)), Table.Cell(DeliveryWords.after(delivery, now: now)),
      ]
    }
  }
}

struct RetryDelivery: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Send a dead delivery again, under its old id.",
    discussion: """
      EXAMPLES:
        errand deliveries retry dlv_01kq3v5m9x
        errand deliveries --state dead --json | jq -r '.data[].id' | xargs -n1 errand deliveries retry
      """)

  @Argument(help: "The delivery's id.")
  var id: String
  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let delivery = try await server.server().post(["v1", "deliveries", id, "retry"], [:])
    Say.output(json ? delivery.shownText : "\(id) is sent again to \(DeliveryWords.target(delivery)).")
  }
}
