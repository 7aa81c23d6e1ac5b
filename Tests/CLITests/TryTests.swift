import HTTPClient
import JSON
import Primitives
import Signatures
import Testing

@testable import CLI

@Suite struct TryTests {
  @Test func `a second of a day is named in six fields, the second first`() throws {
    let time = try #require(Timestamp("2026-11-12T09:15:42Z"))
    #expect(Story.expression(at: time.seconds) == "42 15 9 12 11 *")
  }

  @Test func `the copied job gets a schedule of its own, and keeps the rest`() {
    let text = """
      triggers:
        - schedule: "0 7 * * MON-FRI"
          timezone: Europe/London
        - webhook: desk
      """
    #expect(
      TryFolder.replacingSchedule(in: text, with: "42 15 9 12 11 *") == """
        triggers:
          - schedule: "42 15 9 12 11 *"
            timezone: UTC
          - webhook: desk
        """)
    #expect(TryFolder.replacingSchedule(in: "triggers: []", with: "* * * * *") == nil)
  }

  @Test func `the receiver believes what is signed, and nothing else`() async throws {
    let secret = StandardWebhooks.newSecret(.seeded(1))
    let receiver = try CallbackReceiver.start(secret: secret)
    let sender = HookSender(url: receiver.url)
    let client = HTTPClient(userAgent: "test")
    for (id, key) in [("dlv_1", secret), ("dlv_2", StandardWebhooks.newSecret(.seeded(2)))] {
      let body = JSON.object(["type": "run.succeeded"]).bytes
      let seconds = Time.system.now().seconds
      let signature = try StandardWebhooks(secrets: [key]).sign(id: id, timestamp: seconds, body: body)
      let response = try await client.send(
        HTTPClient.Request(
          method: "POST", url: sender.url,
          headers: [
            (name: "webhook-id", value: id), (name: "webhook-timestamp", value: String(seconds)),
            (name: "webhook-signature", value: signature),
          ], body: body))
      #expect(response.status == (id == "dlv_1" ? 200 : 401))
    }
    #expect(receiver.arrival("dlv_1") == CallbackReceiver.Arrival(id: "dlv_1", type: "run.succeeded"))
    #expect(receiver.arrival("dlv_2")?.problem != nil)
    #expect(receiver.arrival("dlv_3") == nil)
    await receiver.stop()
  }

  private static let good: JSON = [
    "state": "succeeded", "evaluations": [["result": "needs_revision"], ["result": "satisfied"]],
    "deliveries": [
      ["id": "dlv_1", "kind": "directory", "state": "delivered"],
      ["id": "dlv_2", "kind": "webhook", "state": "delivered"],
    ],
  ]

  @Test func `the story as told has no differences`() {
    var expectations = Expectations()
    expectations.expectStory(of: Self.good, "scheduled", verified: { $0 == "dlv_2" })
    #expect(expectations.differences == [])
  }

  @Test func `every difference is named`() {
    var run = Self.good
    run["state"] = "unsatisfied"
    run["evaluations"] = [["result": "needs_revision"]]
    run["deliveries"] = [["id": "dlv_2", "kind": "webhook", "state": "pending", "last_error": "No answer."]]
    var expectations = Expectations()
    expectations.expectStory(of: run, "scheduled", verified: { _ in false })
    #expect(
      expectations.differences == [
        "the scheduled run is unsatisfied, not succeeded: ",
        "the evaluations of the scheduled run are needs_revision, not needs_revision, satisfied",
        "the directory delivery of the scheduled run is missing: ",
        "the webhook delivery of the scheduled run is pending: No answer.",
        "the receiver did not verify the signature of the scheduled run's result",
      ])
  }

  @Test func `a folder without the job is refused with what to give`() {
    let complaint = #expect(throws: Complaint.self) { try Try.gallery("/tmp") }
    #expect(
      complaint?.description == "/tmp has no daily-brief/job.yaml. Give the folder Jobs of the checkout.")
  }
}
