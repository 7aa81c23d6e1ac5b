import HTTPClient
import JSON
import PathSupport
import Primitives
import TestSupport
import Testing

@testable import API

/// One request and what its answer must look like.
struct Exchange: Sendable, CustomTestStringConvertible {
  var method: String
  var target: String
  var body: [UInt8]?
  var status: Int
  /// Stands in the answer.
  var contains: String

  init(_ method: String, _ target: String, _ status: Int, _ contains: String) {
    self.init(method, target, bytes: nil, status, contains)
  }

  init(_ method: String, _ target: String, _ body: String, _ status: Int, _ contains: String) {
    self.init(method, target, bytes: Array(body.utf8), status, contains)
  }

  init(_ method: String, _ target: String, bytes: [UInt8]?, _ status: Int, _ contains: String) {
    self.method = method
    self.target = target
    body = bytes
    self.status = status
    self.contains = contains
  }

  var testDescription: String { "\(method) \(target.prefix(60)) \(status)" }
}

@Suite(.timeLimit(.minutes(5))) struct RequestTests {
  private static let deep = String(repeating: "[", count: 10_000)

  @Test(arguments: [
    Exchange("GET", "/healthz", 200, #""status":"ok""#),
    Exchange("PUT", "/healthz", "{}", 405, "PUT is not possible on /healthz; GET is."),
    Exchange("GET", "/v1/jobs", 200, #""name":"job""#),
    Exchange("GET", "/v1/jobs/job", 200, #""type":"job""#),
    Exchange("GET", "/v1/jobs/jop", 404, #"There is no job \"jop\". Did you mean \"job\"?"#),
    Exchange("GET", "/v1/schedules", 200, #""expression":"0 7 * * *""#),
    Exchange("GET", "/v1/runs", 200, #""data":[]"#),
    Exchange("GET", "/v1/firings", 200, #""next_page":null"#),
    Exchange("GET", "/v1/deliveries", 200, #""data":[]"#),
    Exchange("GET", "/v1/runs/run_none", 404, "There is no run run_none."),
    Exchange("GET", "/v1/runs/%FF%00", 400, "percent-encoding"),
    Exchange("GET", "/v1/sessions/sesn_none", 404, "There is no session sesn_none."),
    Exchange("GET", "/v1/sessions/sesn_none/events", 404, "There is no session sesn_none."),
    Exchange("GET", "/v1/sessions/sesn_none/events/stream", 404, "There is no session sesn_none."),
    Exchange("GET", "/v1/deliveries/dlv_none", 404, "There is no delivery dlv_none."),
    Exchange("POST", "/v1/deliveries/dlv_none/retry", "", 404, "There is no delivery dlv_none."),
    Exchange("GET", "/v1/files/file_none", 404, "There is no file file_none."),
    Exchange("GET", "/v1/files/file_none/content", 404, "There is no file file_none."),
    Exchange("GET", "/v1/files", 200, #""data":[]"#),
    Exchange("GET", "/", 404, "There is nothing at /."),
    Exchange("GET", "/v1/runs/", 404, "There is n"),
    Exchange("GET", "/v2/runs", 404, "There is nothing at /v2/runs."),
    Exchange("DELETE", "/v1/runs", 405, "DELETE is not possible on /v1/runs; "),
    Exchange("PUT", "/healthz", 405, "PUT is not possible on /healthz; GET is."),
    Exchange("GET", "/v1/runs?limit=0", 400, "limit: Expected a whole number from 1 to 1000"),
    Exchange("GET", "/v1/runs?limit=1001", 400, "from 1 to 1000"),
    Exchange("GET", "/v1/runs?limit=ten", 400, "limit: Expected a whole number from 1 to 1000"),
    Exchange("GET", "/v1/runs?limit=99999999999999999999", 400, "from 1 to 1000"),
    Exchange(
      "GET", "/v1/runs?state=done", 400, "state: “done” is not one of queued, running, waiting, succeeded"),
    Exchange("GET", "/v1/firings?decision=maybe", 400, "decision: “maybe” is not one of started"),
    Exchange(
      "GET", "/v1/deliveries?state=lost", 400, "state: “lost” is not one of pending, delivered, dead."),
    Exchange("GET", "/v1/runs?page=page_x", 400, "not a page that this server handed out"),
    Exchange("GET", "/v1/runs?page=page_eyJhIjoxfQ", 400, "This cursor belongs to another list"),
    Exchange("GET", "/v1/runs?page=%00%FF", 400, "percent-encoding"),
    Exchange("GET", "/v1/runs?job=none", 404, "There is no job"),
    Exchange("GET", "/v1/runs?job=%27%3B%20DROP%20TABLE%20runs%3B--", 404, "There is no job"),
    Exchange("POST", "/v1/runs", "", 400, "job: give the name of the job to run."),
    Exchange("POST", "/v1/runs", "{", 400, "The body is not JSON: "),
    Exchange("POST", "/v1/runs", "[]", 400, "The body must be a JSON object."),
    Exchange("POST", "/v1/runs", #"{"job": 7}"#, 400, "job: give the name of the job to run."),
    Exchange("POST", "/v1/runs", #"{"job": "jop"}"#, 404, "Did you mean"),
    Exchange("POST", "/v1/runs", #"{"job": "job", "inputs": {}}"#, 400, "inputs: there is no such field."),
    Exchange("POST", "/v1/runs", bytes: [0x7B, 0xFF, 0x7D], 400, "The body is not JSON: "),
    Exchange("POST", "/v1/runs", deep, 400, "The body is not JSON: "),
    Exchange("POST", "/v1/runs", #"{"job": "job", "job": "job"}"#, 400, "The body is not JSON: "),
    Exchange("POST", "/v1/runs", #"{"job": "asks"}"#, 400, "trigger.body.title"),
    Exchange("POST", "/v1/runs/run_none/cancel", "", 404, "There is no run run_none."),
    Exchange("POST", "/v1/runs/run_none/cancel", "nonsense", 400, "The body is not JSON: "),
    Exchange("POST", "/v1/jobs", "[]", 400, "The body must be a JSON object."),
    Exchange("POST", "/v1/jobs", #"{"jobz": []}"#, 400, "jobs"),
    Exchange("POST", "/v1/jobs", #"{"jobs": [{"definition": {}}]}"#, 400, "name"),
    Exchange(
      "POST", "/v1/jobs", #"{"jobs": [{"definition": {"name": "x"}, "files": {"a": "no base64!"}}]}"#, 400,
      "base64"),
    Exchange(
      "POST", "/v1/sessions/sesn_none/events", #"{"events": [{"type": "user.interrupt"}]}"#, 404,
      "There is no session sesn_none."),
    Exchange("POST", "/hooks/nobody", "{}", 404, "There is no source named nobody."),
    Exchange("POST", "/hooks/desk", "{}", 401, "signature_header_missing"),
    Exchange("POST", "/hooks/%2e%2e%2fetc", "{}", 404, "There is no source named"),
    Exchange("GET", "/hooks/desk", 405, "POST is."),
  ])
  func `every request gets its answer`(exchange: Exchange) async throws {
    try await withAPI { api in
      try await api.path.apply(
        JobDefinition(triggers: [["schedule": "0 7 * * *"], ["webhook": "desk"]]),
        JobDefinition("asks", message: "{{trigger.body.title}}"))
      let answer = try await api.send(exchange.method, exchange.target, exchange.body)
      #expect(answer.status == exchange.status, "\(answer.text)")
      #expect(answer.text.contains(exchange.contains), "\(answer.text)")
      #expect(answer.headers.first("content-type") == "application/json")
      let id = try #require(answer.headers.first("request-id"))
      #expect(id.hasPrefix("req_"))
      if exchange.status >= 400 {
        #expect(answer.json["type"] == "error")
        #expect(answer.json["request_id"] == .string(id))
        #expect(answer.json["error"]?["type"]?.stringValue != nil)
        #expect(answer.headers.first("x-should-retry") == "false")
      }
    }
  }

  @Test(arguments: [
    [(name: "authorization", value: "Bearer errand_test")],
    [(name: "Authorization", value: "bearer errand_test")],
    [(name: "X-API-Key", value: "errand_test")],
  ])
  func `the key opens, in each of its forms`(headers: [(name: String, value: String)]) async throws {
    try await withAPI { api in
      let answer = try await api.send("GET", "/v1/runs", headers: headers)
      #expect(answer.status == 200)
    }
  }

  @Test(arguments: [
    [], [(name: "x-api-key", value: "")], [(name: "x-api-key", value: "errand_tes")],
    [(name: "authorization", value: "Basic errand_test")],
    [(name: "authorization", value: "Bearer errand_test2")],
  ])
  func `without the key nothing opens, and nobody learns what is there`(
    headers: [(name: String, value: String)]
  ) async throws {
    try await withAPI { api in
      for target in ["/v1/runs", "/v1/nothing", "/v1/jobs/job"] {
        let answer = try await api.send("GET", target, headers: headers)
        #expect(answer.status == 401)
        #expect(answer.json["error"]?["type"] == "authentication_error")
        #expect(answer.message.contains("api-key"))
      }
      #expect(try await api.send("GET", "/healthz", headers: headers).status == 200)
    }
  }

  @Test func `a 405 says what is allowed`() async throws {
    try await withAPI { api in
      let answer = try await api.send("PATCH", "/v1/runs")
      #expect(
        Set(answer.headers.first("allow")?.split(separator: ", ").map(String.init) ?? []) == ["GET", "POST"])
    }
  }

  @Test func `a HEAD is a GET without its body`() async throws {
    try await withAPI { api in
      let answer = try await api.send("HEAD", "/v1/runs")
      #expect(answer.status == 200)
      #expect(answer.text == "")
    }
  }

  @Test func `bodies that are too large are refused by their heads`() async throws {
    try await withAPI { api in
      let large = [UInt8](repeating: 0x20, count: API.bodyLimit + 1)
      let answer = try await api.send("POST", "/v1/runs", large)
      #expect(answer.status == 413)
      #expect(answer.json["error"]?["type"] == "request_too_large")
      let health = try await api.send("GET", "/healthz", [0x20])
      #expect(health.status == 413)
      // Who is nobody's sender is told that before.
      let body = [UInt8](repeating: 0x20, count: (25 << 20) + 1)
      #expect(try await api.send("POST", "/hooks/desk", body).status == 404)
    }
  }
}
