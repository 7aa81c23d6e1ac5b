import HTTPServer
import IntegrationsSupport
import JSON
import Outbox
import PathSupport
import Primitives
import Runs
import Store
import TestSupport
import Testing

@testable import Callbacks
@testable import Jobs

/// What somebody outside sends, in every place that a job lets it into.
@Suite(.timeLimit(.minutes(5))) struct OutsideTextTests {
  private static let secret = "n0body-outside-sees-this"
  /// A reference that would give the secret, if anybody looked it up.
  private static let reference = "${env:BAIT}"

  private static let shapes: [JSON] = [
    "${env:BAIT}", ["${env:BAIT}": "${file:/etc/passwd}"],
    ["${env:BAIT}", ["${env:BAIT}": ["${env:BAIT}": 1]]],
    "{{trigger.body.x}} ${dollar}{env:BAIT}", ["}${env:BAIT}": ["]${env:BAIT}"]], 4711, true,
    ["text": [["env": "BAIT"]]], "$", "{env:BAIT}",
    "line\n${env:BAIT}\u{0}\u{1B}[2J\r\nX-Injected: ${env:BAIT}",
  ]

  /// The templates of a callback's settings.
  private static let places: [(kind: String, JSON)] = [
    ("slack", ["text": "{{trigger.body.x}}"]), ("slack", ["text": "{{trigger.body}}"]),
    ("slack", ["text": "{{trigger}} {{trigger.headers}}"]),
    ("slack", ["text": "{{#trigger.body.list}}{{.}}{{/trigger.body.list}}"]),
    ("slack", ["response_url": "{{trigger.body.x}}"]),
    ("slack", ["response_url": "https://h/{{trigger.body}}"]),
    ("github", ["comment": ["issue": "7", "body": "{{trigger.body}} {{trigger.body.x}}"]]),
    ("github", ["comment": ["issue": "{{trigger.body.x}}"]]),
    ("github", ["comment": ["issue": "7"], "repository": "{{trigger.body.x}}"]),
    ("github", ["comment": ["issue": "7"], "repository": "acme/{{trigger.body.x}}"]),
    ("github", ["pull_request": ["branch": "errand/{{trigger.body.x}}", "title": "{{trigger.body}}"]]),
    (
      "github",
      [
        "pull_request": [
          "branch": "b", "title": "{{trigger.body.x}} {{trigger.text}}", "base": "{{trigger.body.x}}",
          "body": "{{trigger}}", "labels": ["{{trigger.body.x}}", "{{trigger.body}}"],
        ]
      ]
    ),
  ]

  private static func context(_ shape: JSON) -> JSON.Object {
    [
      "body": [
        "x": shape, "list": [shape, shape], "${env:BAIT}": shape, "repository": ["full_name": "acme/shop"],
      ],
      "headers": ["${env:BAIT}": "${env:BAIT}"], "text": .string(reference), "type": .string(reference),
    ]
  }

  @Test(arguments: places.indices, shapes.indices)
  func `a callback's settings hold it as it is, and no secret`(place: Int, shape: Int) async throws {
    let ((kind, settings), shape) = (Self.places[place], Self.shapes[shape])
    try await withPath(environment: ["BAIT": Self.secret, "GITHUB_TOKEN": "gh", "DESK_SECRET": Path.secret]) {
      path in
      let callback = JSON.object(JSON.Object(uniqueKeysWithValues: [(kind, settings)]))
      try await path.apply(JobDefinition(and: ["callbacks": [callback]]))
      let start = try await path.start("job", .request(key: nil), trigger: "manual", Self.context(shape))
      let run = try await path.run(try #require(start.firing.run))
      let destination = try #require(run.snapshot.destinations.first)
      // Whatever it looks like, all that is looked up is the operator's own.
      #expect(destination.settings.references == (kind == "github" ? [.environment("GITHUB_TOKEN")] : []))
      let resolved = try path.secrets.resolve(destination.settings)
      #expect(!resolved.text.contains(Self.secret))
      #expect(resolved == Self.told(destination.settings.shown))
      // The template itself is gone, and what a value brought of the kind is still there.
      let expected = try Self.plain(settings, run, Self.context(shape))
      for (name, value) in expected.objectValue ?? [:] { #expect(resolved[name] == value) }
      try await path.work()
      let deliveries = try await path.deliveries(run.id)
      let delivery = try #require(deliveries.first)
      #expect(try path.secrets.resolve(Settings(stored: delivery.target)) == resolved)
      #expect(!(try await Self.everything(path)).contains(Self.secret))
    }
  }

  private static func told(_ shown: JSON) -> JSON {
    guard shown["token"] != nil else { return shown }
    var told = shown
    told["token"] = "gh"
    return told
  }

  /// What a renderer that knows no references makes of settings.
  private static func plain(_ json: JSON, _ run: Run, _ context: JSON.Object) throws -> JSON {
    switch json {
    case .string(let text):
      let trigger = (run.snapshot.trigger.objectValue ?? [:]).merging(context).merging([
        "date": "2026-11-12", "local_time": "2026-11-12T09:00:00+00:00", "timezone": "UTC",
      ])
      // The order of members is that of the run's own context.
      var ordered = JSON.Object()
      for name in ["kind", "id", "time", "actor", "date", "local_time", "timezone"] {
        ordered[name] = trigger[name]
      }
      return .string(
        try Template.renderPlain(text, context: ["trigger": .object(ordered.merging(trigger))]).text)
    case .array(let elements): return .array(try elements.map { try plain($0, run, context) })
    case .object(let object):
      var result = JSON.Object()
      for (key, value) in object { result[key] = try plain(value, run, context) }
      return .object(result)
    default: return json
    }
  }

  @Test(arguments: shapes)
  func `keys, clones and prompts hold it as it is, or start nothing`(shape: JSON) async throws {
    try await withPath(environment: ["BAIT": Self.secret, "DESK_SECRET": Path.secret]) { path in
      let places: [(String, JSON.Object)] = [
        ("url", ["url": "https://github.com/{{trigger.body.x}}"]), ("whole", ["url": "{{trigger.body.x}}"]),
        ("branch", ["url": "https://github.com/a/b", "checkout": "{{trigger.body.x}}"]),
        ("commit", ["url": "https://github.com/a/b", "checkout": ["commit": "{{trigger.body.x}}"]]),
      ]
      for (name, repository) in places {
        let repository = JSON.object(repository.merging(["token": "${env:BAIT}"]))
        try await path.apply(
          JobDefinition(
            name, message: "{{trigger.body}} {{trigger.body.x}}",
            and: ["input": ["message": "prompt.md", "repositories": [repository]]]))
        let firing = try await path.start(name, .request(key: nil), trigger: "manual", Self.context(shape))
          .firing
        guard let id = firing.run else {
          #expect(firing.decision == .failedToStart)
          continue
        }
        let run = try await path.run(id)
        let resource = try #require(run.snapshot.resources.first)
        #expect(try path.secrets.token(resource["token"] ?? .null) == Self.secret)
        #expect(run.snapshot.message.contains("outside-"))
      }
      #expect(!(try await Self.everything(path)).contains(Self.secret))
    }
  }

  @Test func `Slack shows a value as it is, and obeys only the operator's markup`() async throws {
    try await withCallbacks(["BAIT": Self.secret]) { bench in
      let path = bench.path
      let host = String(bench.receiver.url.dropFirst("http://".count).prefix { $0 != "/" })
      try await path.apply(
        JobDefinition(and: [
          "callbacks": [
            [
              "slack": [
                "text": "*{{trigger.body.said}}* <@{{trigger.body.who}}>\n{{trigger.body}}",
                "allowed_hosts": [.string(host)],
              ]
            ]
          ]
        ]))
      let body: JSON = [
        "response_url": .string(bench.receiver.url), "who": "U1",
        "said": "<!channel> <https://evil.example|click> ${env:BAIT} & more",
        "${env:BAIT}": ["${file:/etc/passwd}": "${env:CALLBACK_SECRET}"],
      ]
      let start = try await path.start("job", .request(key: nil), trigger: "manual", ["body": body])
      let run = try await path.run(try #require(start.firing.run))
      try await path.work(path.handlers() + [bench.courier.handler(concurrency: 1)])
      let deliveries = try await path.deliveries(run.id)
      let delivery = try #require(deliveries.first)
      #expect(delivery.state == .delivered, "\(delivery.lastError ?? "")")
      let request = try #require(bench.receiver.requests.first)
      let text = try #require(JSON(parsing: request.body)["text"]?.stringValue)
      #expect(
        text.hasPrefix(
          "*&lt;!channel&gt; &lt;https://evil.example|click&gt; ${env:BAIT} &amp; more* <@U1>\n{"))
      #expect(text.contains("\"${env:BAIT}\": {"))
      #expect(text.contains("\"${file:/etc/passwd}\": \"${env:CALLBACK_SECRET}\""))
      #expect(!text.contains(Self.secret))
      #expect(text.contains("\"response_url\": \"(hidden)\""))
    }
  }

  @Test func `a delivery that an earlier version queued goes on, and gives nothing away`() async throws {
    try await withCallbacks(["BAIT": Self.secret]) { bench in
      let host = String(bench.receiver.url.dropFirst("http://".count).prefix { $0 != "/" })
      _ = try await bench.add(
        "slack",
        stored: [
          "response_url": "${env:CALLBACK_URL}", "allowed_hosts": [.string(host)],
          "text": "It costs 5 ${dollar}:\n{\n  \"${env:BAIT}\": \"${dollar}{env:BAIT}\"\n}",
        ])
      let webhook = try await bench.add(
        "webhook", stored: ["url": "${env:CALLBACK_URL}", "secret": "${env:CALLBACK_SECRET}"])
      try await bench.work()
      #expect(try await bench.delivery(webhook).state == .delivered)
      let texts = bench.receiver.requests.compactMap { try? JSON(parsing: $0.body)["text"]?.stringValue }
      #expect(texts.count == 1)
      #expect(texts[0].hasPrefix("It costs 5 $:\n{\n  \"${env:BAIT}\": \"${env:BAIT}\"\n}"))
      #expect(
        Courier.shown(try await bench.delivery(webhook), bench.path.jobs.kinds.callbacks)["target"]?["secret"]
          == "${env:CALLBACK_SECRET}")
    }
  }

  @Test(arguments: [true, false])
  func `a run that an earlier version started goes on, and gives nothing away`(hasTerms: Bool) async throws {
    try await withPath(environment: ["BAIT": Self.secret, "HELLO": "Hello", "DESK_SECRET": Path.secret]) {
      path in
      try await path.apply(
        JobDefinition(and: [
          "callbacks": [
            ["slack": ["text": "${env:HELLO} {{trigger.body}}", "response_url": "https://h/${env:HELLO}"]],
            ["webhook": ["url": "https://h/", "secret": "${env:BAIT}"]],
          ]
        ]))
      let start = try await path.start("job", .request(key: nil), trigger: "manual", ["body": [:]])
      let id = try #require(start.firing.run)
      let earlier: JSON = [
        [
          "kind": "slack",
          "settings": [
            "text": "${env:HELLO} {\n  \"${env:BAIT}\": \"${dollar}{env:BAIT}\"\n}",
            "response_url": "https://h/${env:HELLO}",
          ],
        ], ["kind": "webhook", "settings": ["url": "https://h/", "secret": "${env:BAIT}"]],
      ]
      try await path.database.write { tx in
        let row = try #require(
          try tx.row(
            "SELECT snapshot, body FROM runs JOIN terms ON terms.hash = runs.terms WHERE id = $1", id))
        var own = (try row["snapshot"] as JSON).objectValue ?? [:]
        own["destinations"] = nil
        // The oldest rows had everything themselves.
        if !hasTerms { own = ((try row["body"] as JSON).objectValue ?? [:]).merging(own) }
        own["callbacks"] = earlier
        try tx.run("UPDATE runs SET snapshot = $2 WHERE id = $1", id, JSON.object(own))
        if !hasTerms { try tx.run("UPDATE runs SET terms = NULL WHERE id = $1", id) }
      }
      try await path.work()
      let told = try await path.deliveries(id).map { delivery in
        try path.secrets.resolve(Settings(stored: delivery.target))
      }
      #expect(
        told == [
          [
            "text": "Hello {\n  \"${env:BAIT}\": \"${env:BAIT}\"\n}", "response_url": "https://h/Hello",
          ], ["url": "https://h/", "secret": .string(Self.secret)],
        ])
    }
  }

  /// Every text in the database.
  private static func everything(_ path: Path) async throws -> String {
    try await path.database.read { tx in
      let tables: [String] = try tx.rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
      ).map { try $0["name"] }
      var all = ""
      for table in tables {
        let columns: [String] = try tx.rows("SELECT name FROM pragma_table_info($1)", table).map {
          try $0["name"]
        }
        for column in columns {
          for row in try tx.rows("SELECT CAST(\(column) AS TEXT) AS told FROM \(table)") {
            all += (try row["told"] as String?) ?? ""
          }
        }
      }
      return all
    }
  }
}
