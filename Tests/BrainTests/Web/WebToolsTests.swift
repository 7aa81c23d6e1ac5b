import HTTPClient
import JSON
import Primitives
import Testing

@testable import Brain
@testable import Sessions

@Suite struct WebToolsTests {
  static func answer(_ body: String, type: String = "text/html", status: String = "200 OK", more: String = "")
    -> String
  {
    "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\n\(more)Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
  }

  static func agent(_ config: JSON = [:]) -> JSON {
    ["tools": [["type": "agent_toolset_20260401", "configs": [config]]]]
  }

  /// A call of a web tool, with a server on loopback that the operator lists as the web.
  static func call(
    _ name: String, _ input: JSON, _ server: ScriptedServer? = nil, config: JSON = [:],
    reach: HTTPClient.Reach = .publicOnly(allowing: ["127.0.0.1/32"]), searches: Bool = true
  ) async throws -> (text: String, isError: Bool) {
    let client = HTTPClient(userAgent: "errand-test")
    defer { client.close() }
    let web = Web(client: client, reach: reach, search: searches ? server?.url : nil)
    let result = try await WebCall(web, agent: agent(config)).result(of: name, input)
    return (result.content.first?["text"]?.stringValue ?? "", result.isError)
  }

  @Test func `a page is fetched and its text given`() async throws {
    let server = try ScriptedServer([Self.answer("<title>T</title><p>Hello")])
    defer { server.stop() }
    let result = try await Self.call("web_fetch", ["url": .string(server.url + "/page?q=1#part")], server)
    #expect(result.text == "T\n\nHello" && !result.isError)
    #expect(server.requests.first?.hasPrefix("GET /page?q=1 HTTP/1.1\r\n") == true)
  }

  @Test func `pages are made text of a few at a time, and the others wait their turn`() async throws {
    let server = try ScriptedServer([Self.answer("<p>Hello")])
    defer { server.stop() }
    let client = HTTPClient(userAgent: "errand-test")
    defer { client.close() }
    let web = Web(client: client, reach: .publicOnly(allowing: ["127.0.0.1/32"]))
    for _ in 1...2 { #expect(await web.readers.take()) }
    let input: JSON = ["url": .string(server.url)]
    let fetch = Task { try await WebCall(web, agent: Self.agent()).result(of: "web_fetch", input) }
    while web.readers.waiting == 0 { await Task.yield() }
    web.readers.leave()
    #expect(try await fetch.value.content.first?["text"] == "Hello")
    // Its seat is free again.
    #expect(await web.readers.take())
  }

  @Test func `redirects are followed, each judged anew`() async throws {
    let server = try ScriptedServer([
      Self.answer("", status: "302 Found", more: "Location: /next\r\n"),
      Self.answer("there", type: "text/plain"),
      Self.answer("", status: "301 Moved", more: "Location: http://127.0.0.9/\r\n"),
      Self.answer("", status: "301 Moved", more: "Location: file:///etc/passwd\r\n"),
      Self.answer("", status: "301 Moved", more: "Location: http://blocked.example/\r\n"),
    ])
    defer { server.stop() }
    let config: JSON = ["name": "web_fetch", "blocked_domains": ["blocked.example"]]
    var texts: [String] = []
    for _ in 1...4 {
      texts.append(
        try await Self.call("web_fetch", ["url": .string(server.url)], server, config: config).text)
    }
    #expect(
      texts == [
        "there", "url_not_accessible: 127.0.0.9 has no public address.",
        "url_not_accessible: 127.0.0.1 redirects to what is no address of the web.",
        "url_not_allowed: The agent's settings do not allow blocked.example.",
      ])
  }

  @Test func `redirects end`() async throws {
    let server = try ScriptedServer(
      (1...10).map { Self.answer("", status: "307 Again", more: "Location: /\($0)\r\n") })
    defer { server.stop() }
    let result = try await Self.call("web_fetch", ["url": .string(server.url)], server)
    #expect(result.text == "too_many_redirects: The address redirects more than 5 times.")
    #expect(server.requests.count == 6)
  }

  @Test(arguments: [
    "http://127.0.0.1/", "http://localhost/", "http://2130706433/", "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/", "http://0/",
  ])
  func `private addresses are not fetched`(url: String) async throws {
    let result = try await Self.call("web_fetch", ["url": .string(url)], reach: .publicOnly())
    #expect(result.isError)
    #expect(result.text.hasSuffix("has no public address."), "\(result.text)")
  }

  @Test(arguments: [
    "", "example.com", "ftp://example.com/", "file:///etc/passwd", "http://",
    "http://user:secret@example.com/",
    "javascript:alert(1)", "http://allowed.example\\@127.0.0.1/", "gopher://x/", "http://a b/",
  ])
  func `what is no address of the web is refused`(url: String) async throws {
    let result = try await Self.call("web_fetch", ["url": .string(url)])
    #expect(result.isError)
    #expect(result.text == "url: Give an address that begins with https:// or http:// and holds no password.")
  }

  @Test(
    arguments: [
      (["name": "web_fetch", "allowed_domains": ["Example.com"]], "http://example.org/", "example.org"),
      (
        ["name": "web_fetch", "allowed_domains": ["example.com"]], "http://badexample.com/", "badexample.com"
      ),
      (["name": "web_fetch", "blocked_domains": ["example.org"]], "http://a.EXAMPLE.org./", "a.example.org"),
    ] as [(JSON, String, String)])
  func `the agent's domains hold`(config: JSON, url: String, host: String) async throws {
    let result = try await Self.call("web_fetch", ["url": .string(url)], config: config)
    #expect(result.text == "url_not_allowed: The agent's settings do not allow \(host).")
  }

  @Test(arguments: [
    ("http://a.example/", true), ("http://a.example/blog/1?q", true), ("http://b.a.example/Blog", true),
    ("http://a.example/shop", false), ("http://c.example/blog", false),
  ])
  func `a domain may have the beginning of a path`(url: String, isAllowed: Bool) throws {
    let rule = DomainRule(["allowed_domains": ["A.example/blog"]])
    let root = DomainRule(["allowed_domains": ["a.example"]])
    let address = try #require(WebAddress(url))
    #expect(rule.allows(address) == (isAllowed && address.path != "/"))
    #expect(root.allows(address) == (address.host != "c.example"))
  }

  @Test(
    arguments: [
      (nil, ["user", "search", "custom", "bash", "guess"]), ([:], ["user", "search", "custom"]),
      (["user_input": ["type": "none"]], ["search", "custom"]),
      (["server_tool_results": ["type": "none"]], ["user", "custom"]),
      (
        [
          "client_tool_results": ["type": "except", "tools": [["type": "tool_reference", "name": "look"]]]
        ], ["user", "search"]
      ),
      (
        [
          "server_tool_results": [
            "type": "only", "tools": [["type": "tool_reference", "name": "web_fetch"]],
          ]
        ],
        ["user", "custom"]
      ),
    ] as [(JSON?, [String])])
  func `only addresses of allowed sources are fetched`(sources: JSON?, allowed: [String]) throws {
    func text(_ name: String) -> JSON {
      [["type": "text", "text": .string("See (https://\(name).example/page#part), or not.")]]
    }
    var revision: Int64 = 0
    func event(_ type: EventType, _ body: JSON.Object, id: String = "sevt_0") -> Event {
      revision += 1
      return Event(id: id, type: type, body: body, position: revision, revision: revision)
    }
    let log = [
      event(.userMessage, ["content": text("user")]),
      event(.agentToolUse, ["name": "web_search"], id: "sevt_1"),
      event(.agentToolResult, ["tool_use_id": "sevt_1", "content": text("search")]),
      event(.agentCustomToolUse, ["name": "look"], id: "sevt_2"),
      event(.userCustomToolResult, ["custom_tool_use_id": "sevt_2", "content": text("custom")]),
      event(.agentToolUse, ["name": "bash"], id: "sevt_3"),
      event(.agentToolResult, ["tool_use_id": "sevt_3", "content": text("bash")]),
    ]
    let shown = ShownAddresses(sources: sources, log)
    let names = try ["user", "search", "custom", "bash", "guess"].filter { name in
      let address = try #require(WebAddress("https://\(name).example/page"))
      return shown?.contains(address) ?? true
    }
    #expect(names == allowed)
  }

  @Test func `an error status and an endless answer are told`() async throws {
    let server = try ScriptedServer([
      Self.answer("gone", status: "404 Not Found"),
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 99999999\r\n\r\nx",
    ])
    defer { server.stop() }
    var texts: [String] = []
    for _ in 1...2 {
      texts.append(try await Self.call("web_fetch", ["url": .string(server.url)], server).text)
    }
    #expect(
      texts == [
        "url_not_accessible: 127.0.0.1 answered with status 404.",
        "The answer of 127.0.0.1 is longer than the 5242880 bytes that are read.",
      ])
  }

  @Test func `max_content_tokens cuts the text`() async throws {
    let server = try ScriptedServer([Self.answer("0123456789", type: "text/plain")])
    defer { server.stop() }
    let config: JSON = ["name": "web_fetch", "max_content_tokens": 2]
    let result = try await Self.call("web_fetch", ["url": .string(server.url)], server, config: config)
    #expect(result.text == "01234567\n[… cut after 8 of 10 characters …]")
  }

  @Test func `a search gives titles, addresses and snippets`() async throws {
    let body = """
      {"results": [{"title": "One &\\n more", "url": "https://one.example/a", "content": "First  hit"},
        {"title": "Hidden", "url": "https://blocked.example/"}, {"url": "javascript:x"},
        {"url": "https://two.example/"}]}
      """
    let server = try ScriptedServer([Self.answer(body, type: "application/json")])
    defer { server.stop() }
    let config: JSON = ["name": "web_search", "blocked_domains": ["blocked.example"]]
    let result = try await Self.call("web_search", ["query": "swift & ö"], server, config: config)
    #expect(
      result.text
        == "1. One & more\n   https://one.example/a\n   First hit\n\n2. two.example\n   https://two.example/")
    #expect(
      server.requests.first?.hasPrefix("GET /search?q=swift%20%26%20%C3%B6&format=json HTTP/1.1") == true)
  }

  @Test(arguments: [
    (answer("{}", type: "application/json"), "it did not answer with JSON that has “results”."),
    (
      answer("no", status: "403 Forbidden"),
      "it answered with status 403. Its settings may not allow the format json."
    ),
    (answer("no", status: "500 Oops"), "it answered with status 500."),
  ])
  func `a search engine that fails is told`(answer: String, reason: String) async throws {
    let server = try ScriptedServer([answer])
    defer { server.stop() }
    let result = try await Self.call("web_search", ["query": "x"], server)
    #expect(result.isError && result.text == "The search engine gave no answer: \(reason)")
  }

  @Test func `without a search engine the tool says what to set`() async throws {
    let result = try await Self.call("web_search", ["query": "x"], searches: false)
    #expect(
      result.text
        == "No search engine is set up on this server, so nothing was looked up. Its operator can name "
        + "one that answers like SearXNG: errand serve --web-search-url, or ERRAND_SEARCH_URL.")
    #expect(result.isError)
    #expect(try await Self.call("web_search", ["query": "  "]).text == "query: Say what to look for.")
  }
}
