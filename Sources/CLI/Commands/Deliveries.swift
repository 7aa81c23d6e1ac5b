import ArgumentParser
import JSON
import Primitives

/// `errand deliveries`
struct Deliveries: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deliveries", abstract: "List results on their way, or send one now.",
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
    commandName: "retry",
    abstract: "Send a delivery now, under its old id: a dead one again, a waiting one ahead of its time.",
    discussion: """
      EXAMPLES:
        errand deliveries retry dlv_01kq3v5m9x
        errand deliveries send 5m9x
        errand deliveries --state dead --json | jq -r '.data[].id' | xargs -n1 errand deliveries retry
      """, aliases: ["send"])

  @Argument(help: "The delivery's id, or its end.")
  var id: String
  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let id = try await server.whole(id, .delivery)
    guard ThingKind(id: id) == .delivery else {
      throw Complaint.wrongThing(id: id, kind: ThingKind(id: id), wanted: "a delivery")
    }
    let delivery = try await server.post(["v1", "deliveries", id, "retry"], [:])
    let again = delivery["last_error"]?.isNull == false ? "again" : "now"
    Say.output(json ? delivery.shownText : "\(id) is sent \(again) to \(DeliveryWords.target(delivery)).")
  }
}
