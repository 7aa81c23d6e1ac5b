import Foundation
import HTTPClient
import JSON
import Jobs
import Primitives
import Service
import Signatures
import StandIns
import TestSupport
import Testing

@testable import CLI

@Suite struct TryTests {
  @Test func `a second of a day is named in six fields, the second first`() throws {
    let time = try #require(Timestamp("2026-11-12T09:15:42Z"))
    #expect(BriefStory.expression(at: time.seconds) == "42 15 9 12 11 *")
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

  @Test func `a stand-in is written into the copied job, in YAML that is valid`() async throws {
    let folder = try TemporaryFolder()
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let copy = try TryFolder(folder.path, environment: [:])
    try await copy.copyJobs(["chat-task"], from: root.appending(path: "Jobs").path)
    try copy.addSettings("allowed_hosts: [\"127.0.0.1:4711\"]", toCallback: "slack", of: "chat-task")
    try copy.copy("without-numbers.yaml", over: "rehearsal.yaml", of: "chat-task")
    let job = try #require(
      try JobFolder.load(copy.jobs, kinds: ErrandService.kinds).json["jobs"]?.arrayValue?.first)
    let slack = job["definition"]?["callbacks"]?[0]?["slack"]
    #expect(slack?["allowed_hosts"] == ["127.0.0.1:4711"])
    #expect(slack?["text"] == "*{{trigger.body.text}}*")
    #expect(job["rehearsal"]?["evaluations"]?[0]?["result"] == "failed")
    #expect(throws: Complaint.self) {
      try copy.addSettings("api: x", toCallback: "github", of: "chat-task")
    }
  }

  @Test func `a message is shown as the chat shows it, and its links are found`() {
    let markup = "*Piers* &amp; more\n• <http://h/f?a=1&amp;b=2|table.csv> (88 B)"
    #expect(ChatStory.shown(markup) == "*Piers* & more\n• table.csv (88 B)")
    let links = ChatStory.links(in: markup)
    #expect(links.map(\.url) == ["http://h/f?a=1&b=2"])
    #expect(links.map(\.label) == ["table.csv"])
  }

  @Test func `Slack's stand-in takes five answers with a text`() async throws {
    let slack = try SlackStandIn.start()
    let client = HTTPClient(userAgent: "test")
    func post(_ body: JSON) async throws -> Int {
      let request = HTTPClient.Request(method: "POST", url: slack.responseURL("abc"), body: body.bytes)
      return try await client.send(request).status
    }
    #expect(try await post([:]) == 500)
    for _ in 1...5 { #expect(try await post(["text": "It is done."]) == 200) }
    #expect(try await post(["text": "Once more."]) == 404)
    #expect(slack.answers("abc").count == 5)
    #expect(slack.answers("other").isEmpty)
    await slack.stop()
  }

  @Test func `GitHub's stand-in opens one pull request per branch, for who has the token`() async throws {
    let gitHub = try GitHubStandIn.start(token: "t")
    let client = HTTPClient(userAgent: "test")
    func send(_ method: String, _ token: String, _ query: String = "") async throws -> HTTPClient.Response {
      let body: JSON = ["head": "errand/1", "base": "main", "title": "Fix"]
      return try await client.send(
        HTTPClient.Request(
          method: method, url: "\(gitHub.url)/repos/a/b/pulls\(query)",
          headers: [(name: "authorization", value: "Bearer \(token)")],
          body: method == "POST" ? body.bytes : nil))
    }
    #expect(try await send("POST", "other").status == 401)
    #expect(try await send("POST", "t").status == 201)
    let again = try await send("POST", "t")
    #expect(again.status == 422)
    #expect(again.text.contains("A pull request already exists for a:errand/1."))
    #expect(try JSON(parsing: await send("GET", "t", "?head=a%3Aerrand%2F1").body).arrayValue?.count == 1)
    #expect(try JSON(parsing: await send("GET", "t", "?head=a%3Aother").body).arrayValue?.isEmpty == true)
    #expect(gitHub.pullRequests.map(\.head) == ["errand/1"])
    await gitHub.stop()
  }
}
